//! Order of derivations, and cycles as chains. The only user of petgraph.

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{HashMap, VecDeque};

/// The dependencies of `nodes` things, each known by its number.
pub struct Dependencies {
    graph: DiGraph<(), ()>,
}

impl Dependencies {
    /// No dependencies yet.
    #[must_use]
    pub fn new(nodes: usize, edges: usize) -> Self {
        let mut graph = DiGraph::with_capacity(nodes, edges);
        for _ in 0..nodes {
            graph.add_node(());
        }
        Dependencies { graph }
    }

    /// `dependent` reads `dependency`.
    pub fn add(&mut self, dependent: u32, dependency: u32) {
        self.graph.add_edge(NodeIndex::new(dependency as usize), NodeIndex::new(dependent as usize), ());
    }

    /// Every number after all that it reads; the same for the same calls in the same order.
    ///
    /// # Errors
    ///
    /// Each cycle as a chain in which every member reads the next, and the last reads the first.
    pub fn order(&self) -> Result<Vec<u32>, Vec<Vec<u32>>> {
        match toposort(&self.graph, None) {
            Ok(order) => Ok(order.into_iter().map(|node| node.index() as u32).collect()),
            Err(_) => Err(self.cycles()),
        }
    }

    fn cycles(&self) -> Vec<Vec<u32>> {
        let mut cycles: Vec<Vec<u32>> = kosaraju_scc(&self.graph)
            .into_iter()
            .filter(|component| component.len() > 1 || self.graph.contains_edge(component[0], component[0]))
            .map(|component| self.shortest_cycle(&component))
            .collect();
        cycles.sort_unstable();
        cycles
    }

    /// The shortest chain from the least member of a strongly connected component back to itself.
    fn shortest_cycle(&self, component: &[NodeIndex]) -> Vec<u32> {
        let start = *component.iter().min().expect("a component has a member");
        let inside: HashMap<NodeIndex, ()> = component.iter().map(|node| (*node, ())).collect();
        // Edges point from what is read to its reader, so a chain of reads goes against them.
        let mut reader_of: HashMap<NodeIndex, NodeIndex> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            let mut read: Vec<NodeIndex> = self
                .graph
                .neighbors_directed(node, petgraph::Direction::Incoming)
                .filter(|next| inside.contains_key(next))
                .collect();
            read.sort_unstable();
            for next in read {
                if next == start {
                    let mut chain = vec![node];
                    let mut at = node;
                    while at != start {
                        at = reader_of[&at];
                        chain.push(at);
                    }
                    chain.reverse();
                    return chain.into_iter().map(|node| node.index() as u32).collect();
                }
                if let std::collections::hash_map::Entry::Vacant(unseen) = reader_of.entry(next) {
                    unseen.insert(node);
                    queue.push_back(next);
                }
            }
        }
        vec![start.index() as u32]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_names_cycles() {
        let mut graph = Dependencies::new(4, 4);
        graph.add(0, 1);
        graph.add(1, 2);
        assert_eq!(
            graph.order().map(|order| order.iter().position(|n| *n == 2) < order.iter().position(|n| *n == 0)),
            Ok(true)
        );
        graph.add(2, 0);
        graph.add(3, 3);
        assert_eq!(graph.order(), Err(vec![vec![0, 1, 2], vec![3]]));
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let nodes = 200_000;
        let mut graph = Dependencies::new(nodes as usize, nodes as usize);
        for node in 1..nodes {
            graph.add(node, node - 1);
        }
        assert_eq!(graph.order().map(|order| order.len()), Ok(nodes as usize));
        graph.add(0, nodes - 1);
        assert_eq!(graph.order().map_err(|cycles| cycles[0].len()), Err(nodes as usize));
    }
}
