//! Which file needs which, and the circles among them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use super::modules::{Module, Written};

/// For each file those that it needs, each with a path that says so.
pub(super) type Graph = BTreeMap<PathBuf, BTreeMap<PathBuf, String>>;

/// One way round: each file with the path that leads to the next, and the last to the first.
pub(super) type Circle = Vec<(PathBuf, String)>;

/// Longer chains of re-exports are a circle of `use` lines, which is no Rust.
const LONGEST_CHAIN: usize = 20;

/// The files that the modules of one crate stand in, and what they need of each other.
pub(super) fn graph(modules: &[Module]) -> Graph {
    let mut graph = Graph::new();
    for (at, module) in modules.iter().enumerate() {
        let needed = graph.entry(module.file.clone()).or_default();
        let imported = module.imports.iter().filter(|import| !import.is_passed_on).map(|import| &import.path);
        for path in imported.chain(&module.mentioned) {
            let definer = resolve(modules, at, path, 0).map(|definer| &modules[definer].file);
            if let Some(file) = definer.filter(|file| **file != module.file) {
                needed.entry(file.clone()).or_insert_with(|| path.join("::"));
            }
        }
    }
    graph
}

/// The module that defines what a path names; none for a module itself and for what is another crate's.
fn resolve(modules: &[Module], at: usize, path: &[String], depth: usize) -> Option<usize> {
    let (head, rest) = path.split_first()?;
    match head.as_str() {
        "crate" => inside(modules, 0, rest, depth),
        "self" => inside(modules, at, rest, depth),
        "super" => {
            let parent = modules[at].parent?;
            match rest.first() {
                Some(next) if next == "super" => resolve(modules, parent, rest, depth),
                _ => inside(modules, parent, rest, depth),
            }
        }
        _ => inside(modules, at, path, depth),
    }
}

fn inside(modules: &[Module], at: usize, path: &[String], depth: usize) -> Option<usize> {
    let (name, rest) = path.split_first()?;
    if depth > LONGEST_CHAIN {
        return None;
    }
    let module = &modules[at];
    let child = module.children.get(name).copied();
    if let (Some(child), false) = (child, rest.is_empty()) {
        return inside(modules, child, rest, depth + 1);
    }
    if module.defined.contains(name) {
        return Some(at);
    }
    let onward = |path: &Written| resolve(modules, at, &[path, rest].concat(), depth + 1);
    let imported = module.imports.iter().filter(|import| import.name == *name).find_map(|import| onward(&import.path));
    if imported.is_some() {
        return imported;
    }
    let all_of = |path: &Written| resolve(modules, at, &[path, std::slice::from_ref(name), rest].concat(), depth + 1);
    module.globs.iter().find_map(all_of)
}

/// A shortest circle through each group of files that all need each other, in order of their names.
pub(super) fn circles(graph: &Graph) -> Vec<Circle> {
    let reach: BTreeMap<_, _> = graph.keys().map(|file| (file, reachable(graph, file))).collect();
    let is_needed = |one: &PathBuf, by: &PathBuf| reach.get(by).is_some_and(|reached| reached.contains(one));
    let mut told = BTreeSet::new();
    let mut circles = Vec::new();
    for file in graph.keys().filter(|file| is_needed(file, file)) {
        if told.insert(file) {
            told.extend(graph.keys().filter(|other| is_needed(other, file) && is_needed(file, other)));
            circles.extend(shortest(graph, file));
        }
    }
    circles
}

fn reachable<'a>(graph: &'a Graph, from: &PathBuf) -> BTreeSet<&'a PathBuf> {
    let needed = |file: &PathBuf| graph.get(file).into_iter().flat_map(BTreeMap::keys);
    let mut reached = BTreeSet::new();
    let mut open: Vec<_> = needed(from).collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(needed(file));
        }
    }
    reached
}

fn shortest(graph: &Graph, from: &PathBuf) -> Option<Circle> {
    let mut open = VecDeque::from([(from, Circle::new())]);
    let mut seen = BTreeSet::new();
    while let Some((file, way)) = open.pop_front() {
        for (next, path) in graph.get(file)? {
            let mut way = way.clone();
            way.push((file.clone(), path.clone()));
            if next == from {
                return Some(way);
            }
            if seen.insert(next) {
                open.push_back((next, way));
            }
        }
    }
    None
}
