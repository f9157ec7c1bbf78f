//! In which column a box stands, and in which order within it.

use std::collections::BTreeSet;

/// How often the order of all columns is gone through.
const SWEEPS: usize = 24;
/// Columns of more vertices than this are ordered by medians only.
const MOST_SWAPPED: usize = 400;
/// How often columns are evened out.
const EVENINGS: usize = 8;

/// The edges without those that close a circle, met in the order of the boxes; sorted.
pub(super) fn without_circles(nodes: usize, edges: &BTreeSet<(usize, usize)>) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let readers = |node: usize| edges.range((node, 0)..=(node, usize::MAX)).map(|(_, to)| *to);
    let mut seen = vec![Seen::Not; nodes];
    let mut kept = Vec::with_capacity(edges.len());
    for root in 0..nodes {
        if seen[root] != Seen::Not {
            continue;
        }
        seen[root] = Seen::Open;
        let mut stack = vec![(root, readers(root))];
        while let Some((node, rest)) = stack.last_mut() {
            let node = *node;
            match rest.next() {
                None => {
                    seen[node] = Seen::Done;
                    stack.pop();
                }
                Some(next) if seen[next] == Seen::Open => {}
                Some(next) => {
                    kept.push((node, next));
                    if seen[next] == Seen::Not {
                        seen[next] = Seen::Open;
                        stack.push((next, readers(next)));
                    }
                }
            }
        }
    }
    kept.sort_unstable();
    kept
}

/// The boxes that hang together, the largest group first, each sorted; and those without any edge.
pub(super) fn groups(nodes: usize, edges: &[(usize, usize)]) -> (Vec<Vec<usize>>, Vec<usize>) {
    let mut near = vec![Vec::new(); nodes];
    for (from, to) in edges {
        near[*from].push(*to);
        near[*to].push(*from);
    }
    let mut seen = vec![false; nodes];
    let (mut groups, mut loose) = (Vec::new(), Vec::new());
    for root in 0..nodes {
        if near[root].is_empty() {
            loose.push(root);
            continue;
        }
        let mut group = Vec::new();
        let mut stack = vec![root];
        while let Some(node) = stack.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                group.push(node);
                stack.extend(&near[node]);
            }
        }
        if !group.is_empty() {
            group.sort_unstable();
            groups.push(group);
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    (groups, loose)
}

/// The column of each box that has an edge: as far right as the longest chain to it asks, then moved to where its lines
/// are short. The edges are free of circles.
pub(super) fn layers(nodes: usize, edges: &[(usize, usize)]) -> Vec<Option<usize>> {
    let (mut before, mut after) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
    for (from, to) in edges {
        before[*to].push(*from);
        after[*from].push(*to);
    }
    let mut waiting: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..nodes).filter(|node| waiting[*node] == 0).collect();
    let mut layer = vec![0; nodes];
    let mut at = 0;
    while at < order.len() {
        let node = order[at];
        at += 1;
        for next in &after[node] {
            layer[*next] = layer[*next].max(layer[node] + 1);
            waiting[*next] -= 1;
            if waiting[*next] == 0 {
                order.push(*next);
            }
        }
    }
    for evening in 0..EVENINGS {
        let mut moved = false;
        let mut even = |node: usize| {
            let least = before[node].iter().map(|from| layer[*from] + 1).max().unwrap_or(0);
            let most = after[node].iter().map(|to| layer[*to] - 1).min().unwrap_or(layer[node]);
            let to =
                if after[node].len() > before[node].len() { most.max(least) } else { layer[node].min(most).max(least) };
            let to = if before[node].len() > after[node].len() { least } else { to };
            moved |= to != layer[node];
            layer[node] = to;
        };
        if evening % 2 == 0 {
            order.iter().rev().for_each(|node| even(*node));
        } else {
            order.iter().for_each(|node| even(*node));
        }
        if !moved {
            break;
        }
    }
    let linked = |node: usize| !before[node].is_empty() || !after[node].is_empty();
    // Columns that lost all their boxes are closed.
    let used: BTreeSet<usize> = (0..nodes).filter(|node| linked(*node)).map(|node| layer[node]).collect();
    let rank = |layer: usize| used.range(..layer).count();
    (0..nodes).map(|node| linked(node).then(|| rank(layer[node]))).collect()
}

/// The vertices of each column in the order that crosses the fewest lines found.
pub(super) fn columns(layer_of: &[usize], links: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let count = layer_of.iter().max().map_or(0, |last| last + 1);
    let mut sides = Sides { left: vec![Vec::new(); layer_of.len()], right: vec![Vec::new(); layer_of.len()] };
    for (from, to) in links {
        sides.right[*from].push(*to);
        sides.left[*to].push(*from);
    }
    let mut columns = vec![Vec::new(); count];
    for vertex in first_order(layer_of, &sides) {
        columns[layer_of[vertex]].push(vertex);
    }
    let mut rank = vec![0; layer_of.len()];
    number(&columns, &mut rank);
    let mut best = (crossings(&columns, &sides, &rank), columns.clone());
    for sweep in 0..SWEEPS {
        let forward = sweep % 2 == 0;
        for step in 0..count {
            let at = if forward { step } else { count - 1 - step };
            let near = if forward { &sides.left } else { &sides.right };
            by_median(&mut columns[at], near, &mut rank);
        }
        for column in &mut columns {
            swap(column, &sides, &mut rank);
        }
        let crossed = crossings(&columns, &sides, &rank);
        if crossed < best.0 {
            best = (crossed, columns.clone());
        }
        if best.0 == 0 {
            break;
        }
    }
    best.1
}

struct Sides {
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
}

/// Depth first, so that what belongs together begins together.
fn first_order(layer_of: &[usize], sides: &Sides) -> Vec<usize> {
    let mut roots: Vec<usize> = (0..layer_of.len()).collect();
    roots.sort_by_key(|vertex| layer_of[*vertex]);
    let mut seen = vec![false; layer_of.len()];
    let mut order = Vec::with_capacity(layer_of.len());
    for root in roots {
        let mut stack = vec![root];
        while let Some(vertex) = stack.pop() {
            if !std::mem::replace(&mut seen[vertex], true) {
                order.push(vertex);
                stack.extend(sides.right[vertex].iter().rev());
            }
        }
    }
    order
}

fn number(columns: &[Vec<usize>], rank: &mut [usize]) {
    for column in columns {
        for (index, vertex) in column.iter().enumerate() {
            rank[*vertex] = index;
        }
    }
}

/// Orders a column by the medians of its neighbours on one side; a vertex without any stays where it is.
fn by_median(column: &mut [usize], near: &[Vec<usize>], rank: &mut [usize]) {
    let median = |vertex: usize| -> Option<f64> {
        let mut ranks: Vec<usize> = near[vertex].iter().map(|neighbour| rank[*neighbour]).collect();
        ranks.sort_unstable();
        let middle = ranks.len() / 2;
        match ranks.len() {
            0 => None,
            length if length % 2 == 1 => Some(ranks[middle] as f64),
            _ => Some((ranks[middle - 1] + ranks[middle]) as f64 / 2.0),
        }
    };
    let mut moving: Vec<(f64, usize)> = column.iter().filter_map(|vertex| Some((median(*vertex)?, *vertex))).collect();
    moving.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut moving = moving.into_iter();
    for place in column.iter_mut() {
        if !near[*place].is_empty()
            && let Some((_, vertex)) = moving.next()
        {
            *place = vertex;
        }
    }
    for (index, vertex) in column.iter().enumerate() {
        rank[*vertex] = index;
    }
}

/// Swaps neighbours in a column as long as that saves crossings.
fn swap(column: &mut [usize], sides: &Sides, rank: &mut [usize]) {
    if column.len() > MOST_SWAPPED {
        return;
    }
    let ranks = |vertex: usize, side: &[Vec<usize>], rank: &[usize]| -> Vec<usize> {
        let mut ranks: Vec<usize> = side[vertex].iter().map(|neighbour| rank[*neighbour]).collect();
        ranks.sort_unstable();
        ranks
    };
    for _ in 0..4 {
        let mut swapped = false;
        for upper in 1..column.len() {
            let (above, below) = (column[upper - 1], column[upper]);
            let (mut now, mut then) = (0, 0);
            for side in [&sides.left, &sides.right] {
                let (a, b) = (ranks(above, side, rank), ranks(below, side, rank));
                now += crossed(&a, &b);
                then += crossed(&b, &a);
            }
            if then < now {
                column.swap(upper - 1, upper);
                (rank[above], rank[below]) = (upper, upper - 1);
                swapped = true;
            }
        }
        if !swapped {
            break;
        }
    }
}

/// How many lines of the upper of two neighbours cross lines of the lower; both sorted.
fn crossed(upper: &[usize], lower: &[usize]) -> usize {
    let mut below = 0;
    let mut sum = 0;
    for rank in upper {
        while below < lower.len() && lower[below] < *rank {
            below += 1;
        }
        sum += below;
    }
    sum
}

/// How many lines cross, over all columns.
fn crossings(columns: &[Vec<usize>], sides: &Sides, rank: &[usize]) -> usize {
    let mut sum = 0;
    for (index, column) in columns.iter().enumerate() {
        let width = columns.get(index + 1).map_or(0, Vec::len);
        // A Fenwick tree of the ends so far.
        let mut tree = vec![0_usize; width + 1];
        let mut ends = 0;
        for vertex in column {
            let mut to: Vec<usize> = sides.right[*vertex].iter().map(|next| rank[*next]).collect();
            to.sort_unstable();
            for end in &to {
                let mut at = end + 1;
                let mut not_after = 0;
                while at > 0 {
                    not_after += tree[at];
                    at &= at - 1;
                }
                sum += ends - not_after;
            }
            for end in to {
                let mut at = end + 1;
                while at <= width {
                    tree[at] += 1;
                    at += at & at.wrapping_neg();
                }
                ends += 1;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_crossed_lines_are_uncrossed() {
        let layers = [0, 0, 1, 1];
        let columns = columns(&layers, &[(0, 3), (1, 2)]);
        let place = |vertex: usize| columns[layers[vertex]].iter().position(|v| *v == vertex);
        assert_eq!(place(0) < place(1), place(3) < place(2));
    }

    #[test]
    fn crossings_are_counted() {
        let sides = Sides {
            left: vec![vec![], vec![], vec![0, 1], vec![0, 1]],
            right: vec![vec![2, 3], vec![2, 3], vec![], vec![]],
        };
        assert_eq!(crossings(&[vec![0, 1], vec![2, 3]], &sides, &[0, 1, 0, 1]), 1);
        assert_eq!(crossed(&[0, 1], &[0, 1]), 1);
    }

    #[test]
    fn a_box_stands_near_what_reads_it() {
        // 0 → 1 → 2 → 3, and 4 is read by 3 only.
        assert_eq!(layers(6, &[(0, 1), (1, 2), (2, 3), (4, 3)]), [Some(0), Some(1), Some(2), Some(3), Some(2), None]);
    }
}
