//! Places boxes in columns, from what is read to what reads it, so that no two boxes meet and no line crosses a box.
//!
//! The layered method of Sugiyama: longest-path columns, evened out; lines over several columns get a place in each; the
//! order in a column follows from medians and swaps that save crossings; heights follow from neighbours by isotonic
//! regression, which keeps every distance. The same input gives the same picture.

use super::order;
use std::collections::BTreeSet;

/// Distance of boxes within a column.
const ROW_GAP: f64 = 10.0;
/// Distance of a passing line to what is above and below.
const LINE_GAP: f64 = 7.0;
/// The least distance of columns, which grows with the lines between them.
const COLUMN_GAP: f64 = 48.0;
/// The most that lines add to it.
const MOST_GAP: f64 = 220.0;
/// Distance of groups that nothing connects.
const GROUP_GAP: f64 = 36.0;
/// The width that is filled with groups and blocks before they go below each other.
const LEAST_WIDTH: f64 = 1_100.0;
/// How often the heights are settled.
const SETTLINGS: usize = 24;
/// A passing line is kept straight before a box is kept near its neighbours.
const STRAIGHT: f64 = 6.0;
/// The most dummies over all long lines; beyond that, long lines are drawn from box to box.
const MOST_PASSING: usize = 20_000;

/// The size of a box, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// Where a box stands.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spot {
    /// Its left side.
    pub x: f64,
    /// Its upper side.
    pub y: f64,
    /// Its width; boxes of a column share the widest one's.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

impl Spot {
    /// Whether two boxes share a point.
    #[must_use]
    pub fn meets(&self, other: &Spot) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }
}

/// A part of the lines out of a box: several lines of one box share what they have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The box that is read.
    pub from: usize,
    /// The box that reads it, if this is the last part.
    pub to: Option<usize>,
    /// From here, horizontally.
    pub start: (f64, f64),
    /// The gap between two columns, in which the line may rise or fall.
    pub gap: (f64, f64),
    /// To here, horizontally.
    pub end: (f64, f64),
}

/// Boxes and lines in their places.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Placed {
    /// Each box.
    pub spots: Vec<Spot>,
    /// The lines.
    pub routes: Vec<Route>,
    /// How wide it is.
    pub width: f64,
    /// How high it is.
    pub height: f64,
    /// Where the block of boxes without any line begins.
    pub loose: Option<f64>,
}

/// A box, or the place of a line that passes a column.
struct Vertex {
    node: Option<usize>,
    layer: usize,
    height: f64,
}

/// Places boxes of these sizes; an edge leads from what is read to what reads it. Edges that close a circle, and edges of a
/// box to itself, have no line. Boxes without any line stand in a block of their own below, at least `loose_top` lower.
#[must_use]
pub fn place(sizes: &[Size], edges: &[(usize, usize)], loose_top: f64) -> Placed {
    let edges: BTreeSet<(usize, usize)> =
        edges.iter().copied().filter(|(from, to)| from != to && *from < sizes.len() && *to < sizes.len()).collect();
    let edges = order::without_circles(sizes.len(), &edges);
    let mut placed = Placed { spots: vec![Spot::default(); sizes.len()], ..Placed::default() };
    let (groups, loose) = order::groups(sizes.len(), &edges);
    let mut shelf = Shelf::default();
    for group in &groups {
        let part = place_group(sizes, &edges, group);
        shelf.put(&mut placed, group, part);
    }
    block(sizes, &loose, loose_top, &mut placed);
    placed
}

/// Places boxes that hang together.
fn place_group(sizes: &[Size], edges: &[(usize, usize)], group: &[usize]) -> Placed {
    let sizes: Vec<Size> = group.iter().map(|node| sizes[*node]).collect();
    let number = |node: usize| group.binary_search(&node).ok();
    let edges: Vec<(usize, usize)> =
        edges.iter().filter_map(|(from, to)| Some((number(*from)?, number(*to)?))).collect();
    let layers = order::layers(sizes.len(), &edges);
    let mut web = Web::new(&sizes, &edges, &layers);
    web.columns = order::columns(&web.layer_of(), &web.links);
    web.placed(&sizes)
}

/// Groups beside each other as long as they fit below the widest one, which comes first; then on the next shelf.
#[derive(Default)]
struct Shelf {
    x: f64,
    y: f64,
    height: f64,
}

impl Shelf {
    fn put(&mut self, placed: &mut Placed, group: &[usize], part: Placed) {
        if self.x > 0.0 && self.x + part.width > placed.width.max(LEAST_WIDTH) {
            (self.x, self.y, self.height) = (0.0, self.y + self.height + GROUP_GAP, 0.0);
        }
        let (x, y) = (self.x, self.y);
        for (node, spot) in group.iter().zip(part.spots) {
            placed.spots[*node] = Spot { x: spot.x + x, y: spot.y + y, ..spot };
        }
        placed.routes.extend(part.routes.into_iter().map(|route| Route {
            from: group[route.from],
            to: route.to.map(|to| group[to]),
            start: (route.start.0 + x, route.start.1 + y),
            gap: (route.gap.0 + x, route.gap.1 + x),
            end: (route.end.0 + x, route.end.1 + y),
        }));
        placed.width = placed.width.max(x + part.width);
        placed.height = placed.height.max(y + part.height);
        self.x += part.width + 2.0 * GROUP_GAP;
        self.height = self.height.max(part.height);
    }
}

/// Boxes and passing lines, linked from column to column.
struct Web {
    vertices: Vec<Vertex>,
    /// Links of neighbouring columns: (left, right, box that is read, box that reads it).
    links: Vec<(usize, usize)>,
    ends: Vec<(usize, Option<usize>)>,
    columns: Vec<Vec<usize>>,
}

impl Web {
    fn new(sizes: &[Size], edges: &[(usize, usize)], layers: &[Option<usize>]) -> Self {
        let mut web = Web { vertices: Vec::new(), links: Vec::new(), ends: Vec::new(), columns: Vec::new() };
        let mut vertex_of = vec![usize::MAX; sizes.len()];
        for (node, layer) in layers.iter().enumerate() {
            if let Some(layer) = *layer {
                vertex_of[node] = web.vertices.len();
                web.vertices.push(Vertex { node: Some(node), layer, height: sizes[node].height });
            }
        }
        let mut at = 0;
        while at < edges.len() {
            let from = edges[at].0;
            let until = at + edges[at..].iter().take_while(|edge| edge.0 == from).count();
            web.lines(from, &edges[at..until], layers, &vertex_of);
            at = until;
        }
        web
    }

    /// The lines out of one box share their way as long as they can.
    fn lines(&mut self, from: usize, edges: &[(usize, usize)], layers: &[Option<usize>], vertex_of: &[usize]) {
        let layer = |node: usize| layers[node].unwrap_or(0);
        let last = edges.iter().map(|(_, to)| layer(*to)).max().unwrap_or(0);
        let mut way = vec![vertex_of[from]];
        for passed in layer(from) + 1..last {
            if self.vertices.len() > MOST_PASSING {
                break;
            }
            let next = self.vertices.len();
            self.vertices.push(Vertex { node: None, layer: passed, height: 0.0 });
            self.links.push((way[way.len() - 1], next));
            self.ends.push((from, None));
            way.push(next);
        }
        for (_, to) in edges {
            let before = (layer(*to) - 1 - layer(from)).min(way.len() - 1);
            self.links.push((way[before], vertex_of[*to]));
            self.ends.push((from, Some(*to)));
        }
    }

    fn layer_of(&self) -> Vec<usize> {
        self.vertices.iter().map(|vertex| vertex.layer).collect()
    }

    /// The distance that two neighbours in a column keep, from middle to middle.
    fn apart(&self, above: usize, below: usize) -> f64 {
        let (a, b) = (&self.vertices[above], &self.vertices[below]);
        let gap = match (a.node, b.node) {
            (Some(_), Some(_)) => ROW_GAP,
            _ => LINE_GAP,
        };
        f64::midpoint(a.height, b.height) + gap
    }

    /// The middle of every vertex.
    fn heights(&self) -> Vec<f64> {
        let count = self.vertices.len();
        let (mut left, mut right) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (from, to) in &self.links {
            right[*from].push(*to);
            left[*to].push(*from);
        }
        let mut y = vec![0.0; count];
        for column in &self.columns {
            let mut at = 0.0;
            for pair in column.windows(2) {
                at += self.apart(pair[0], pair[1]);
                y[pair[1]] = at;
            }
            for vertex in column {
                y[*vertex] -= at / 2.0;
            }
        }
        for settling in 0..SETTLINGS {
            let forward = settling % 2 == 0;
            // First each side in turn, then both together.
            let both = settling >= SETTLINGS / 2;
            let mut columns: Vec<&Vec<usize>> = self.columns.iter().collect();
            if !forward {
                columns.reverse();
            }
            for column in columns {
                let wishes: Vec<(f64, f64)> = column
                    .iter()
                    .map(|vertex| {
                        let (near, far) = if forward { (&left, &right) } else { (&right, &left) };
                        self.wish(*vertex, &near[*vertex], if both { &far[*vertex] } else { &[] }, &y)
                    })
                    .collect();
                let apart: Vec<f64> = column.windows(2).map(|pair| self.apart(pair[0], pair[1])).collect();
                for (vertex, at) in column.iter().zip(settle(&wishes, &apart)) {
                    y[*vertex] = at;
                }
            }
        }
        y
    }

    /// Where a vertex would like to stand, and how much.
    fn wish(&self, vertex: usize, near: &[usize], far: &[usize], y: &[f64]) -> (f64, f64) {
        let passing = self.vertices[vertex].node.is_none();
        let (mut sum, mut weights) = (0.0, 0.0);
        for neighbour in near.iter().chain(far) {
            let weight = if passing && self.vertices[*neighbour].node.is_none() { STRAIGHT } else { 1.0 };
            sum += y[*neighbour] * weight;
            weights += weight;
        }
        if weights == 0.0 {
            return (y[vertex], 0.1);
        }
        (sum / weights, if passing { STRAIGHT } else { 1.0 })
    }

    fn placed(&self, sizes: &[Size]) -> Placed {
        let y = self.heights();
        let top = self
            .vertices
            .iter()
            .zip(&y)
            .map(|(vertex, middle)| middle - vertex.height / 2.0)
            .fold(f64::INFINITY, f64::min);
        let top = if top.is_finite() { top } else { 0.0 };
        let mut sides = Vec::with_capacity(self.columns.len());
        let mut x = 0.0;
        for (layer, column) in self.columns.iter().enumerate() {
            let width = column
                .iter()
                .filter_map(|vertex| self.vertices[*vertex].node)
                .map(|node| sizes[node].width)
                .fold(0.0, f64::max);
            sides.push((x, x + width));
            let lines = self.links.iter().filter(|(from, _)| self.vertices[*from].layer == layer).count();
            x += width + (COLUMN_GAP + lines as f64 * 2.0).min(MOST_GAP);
        }
        let mut placed = Placed { spots: vec![Spot::default(); sizes.len()], ..Placed::default() };
        for (vertex, middle) in self.vertices.iter().zip(&y) {
            if let Some(node) = vertex.node {
                let (left, right) = sides[vertex.layer];
                placed.spots[node] =
                    Spot { x: left, y: middle - vertex.height / 2.0 - top, width: right - left, height: vertex.height };
                placed.height = placed.height.max(middle + vertex.height / 2.0 - top);
            } else {
                placed.height = placed.height.max(middle - top);
            }
        }
        placed.width = sides.last().map_or(0.0, |(_, right)| *right);
        placed.routes = self
            .links
            .iter()
            .zip(&self.ends)
            .map(|((left, right), (from, to))| {
                let (before, after) = (sides[self.vertices[*left].layer], sides[self.vertices[*right].layer]);
                // A line that passes a column crosses it in its own row.
                let start = if self.vertices[*left].node.is_some() { before.1 } else { before.0 };
                Route {
                    from: *from,
                    to: *to,
                    start: (start, y[*left] - top),
                    gap: (before.1, after.0),
                    end: (after.0, y[*right] - top),
                }
            })
            .collect();
        placed
    }
}

/// The places nearest to the wishes that keep the distances: isotonic regression by pooling neighbours that collide.
fn settle(wishes: &[(f64, f64)], apart: &[f64]) -> Vec<f64> {
    let mut offsets = Vec::with_capacity(wishes.len());
    let mut offset = 0.0;
    for index in 0..wishes.len() {
        if index > 0 {
            offset += apart[index - 1];
        }
        offsets.push(offset);
    }
    // Pools of (mean, weight, members).
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for ((wish, weight), offset) in wishes.iter().zip(&offsets) {
        let mut pool = (wish - offset, *weight, 1);
        while let Some(last) = pools.last().copied().filter(|last| last.0 > pool.0) {
            let weight = last.1 + pool.1;
            pool = ((last.0 * last.1 + pool.0 * pool.1) / weight, weight, last.2 + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let means = pools.iter().flat_map(|(mean, _, members)| std::iter::repeat_n(*mean, *members));
    means.zip(&offsets).map(|(mean, offset)| mean + offset).collect()
}

/// Boxes without any line: a block of equal columns below all else, read downwards.
fn block(sizes: &[Size], loose: &[usize], loose_top: f64, placed: &mut Placed) {
    if loose.is_empty() {
        return;
    }
    let widest = loose.iter().map(|node| sizes[*node].width).fold(0.0, f64::max);
    let highest = loose.iter().map(|node| sizes[*node].height).fold(0.0, f64::max);
    let fitting = ((placed.width.max(LEAST_WIDTH) + ROW_GAP) / (widest + ROW_GAP)).floor().max(1.0) as usize;
    // A block of few boxes is no wider than it needs to be.
    let rows = loose.len().div_ceil(fitting);
    let columns = loose.len().div_ceil(rows);
    let top = if placed.height > 0.0 { placed.height + loose_top } else { loose_top };
    for (index, node) in loose.iter().enumerate() {
        let (column, row) = (index / rows, index % rows);
        placed.spots[*node] = Spot {
            x: column as f64 * (widest + ROW_GAP),
            y: top + row as f64 * (highest + ROW_GAP),
            width: widest,
            height: sizes[*node].height,
        };
    }
    placed.loose = Some(top);
    placed.width = placed.width.max(columns as f64 * (widest + ROW_GAP) - ROW_GAP);
    placed.height = top + rows as f64 * (highest + ROW_GAP) - ROW_GAP;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settling_keeps_distances_and_stays_near() {
        let at = settle(&[(0.0, 1.0), (0.0, 1.0), (100.0, 1.0)], &[10.0, 10.0]);
        assert_eq!(at, [-5.0, 5.0, 100.0]);
        assert_eq!(settle(&[], &[]), Vec::<f64>::new());
    }

    #[test]
    fn what_reads_stands_to_the_right_and_lines_pass_boxes() {
        let sizes = [Size { width: 50.0, height: 20.0 }; 5];
        // 0 → 1 → 2, and 0 → 2 passes the column of 1; 3 is alone, 4 reads itself.
        let placed = place(&sizes, &[(0, 1), (1, 2), (0, 2), (4, 4)], 30.0);
        assert!(placed.spots[0].x < placed.spots[1].x && placed.spots[1].x < placed.spots[2].x, "{placed:?}");
        assert!(placed.spots[3].y > placed.spots[1].y + 20.0 && placed.loose.is_some(), "{placed:?}");
        assert_eq!(placed.routes.len(), 4);
        let passing = placed.routes.iter().find(|route| route.to.is_none()).expect("one passes");
        assert!((passing.end.1 - (placed.spots[1].y + 10.0)).abs() >= 10.0, "{placed:?}");
    }

    #[test]
    fn circles_end() {
        let sizes = [Size { width: 50.0, height: 20.0 }; 3];
        let placed = place(&sizes, &[(0, 1), (1, 2), (2, 0), (7, 9)], 0.0);
        assert_eq!(placed.routes.iter().filter(|route| route.to.is_some()).count(), 2);
        assert_eq!(place(&[], &[], 0.0), Placed::default());
    }
}
