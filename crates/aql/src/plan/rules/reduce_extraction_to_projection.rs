//! `reduce-extraction-to-projection`: notes which attributes of a document are read, where the
//! document as such is not.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::error::Result;
use crate::plan::{Catalog, Expr, Node, Plan, VarId};

type Paths = BTreeSet<Arc<[Arc<str>]>>;

/// As many as public documentation gives for `maxProjections`.
const PROJECTIONS_MAX: usize = 5;

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut uses: HashMap<VarId, Option<Paths>> = HashMap::new();
    let blocks = std::iter::once(&plan.root).chain(&plan.subqueries);
    for block in blocks {
        for node in &block.nodes {
            node.for_each_expr(&mut |expr| note(expr, &mut uses));
            if let Node::Distinct(var) = node {
                uses.insert(*var, None);
            }
        }
        block.value.iter().for_each(|expr| note(expr, &mut uses));
    }
    let mut changed = false;
    super::for_each_block(plan, |_, block| {
        for node in &mut block.nodes {
            let (out, projections) = match node {
                Node::EnumerateCollection {
                    out, projections, ..
                } => (*out, projections),
                Node::Index(scan) => (scan.out, &mut scan.projections),
                Node::IndexUnion(union) => (union.out, &mut union.projections),
                _ => continue,
            };
            let paths = match uses.get(&out) {
                Some(None) => continue,
                Some(Some(paths)) => paths.iter().cloned().collect(),
                None => Vec::new(),
            };
            if paths.len() <= PROJECTIONS_MAX {
                *projections = Some(paths);
                changed = true;
            }
        }
    });
    Ok(changed)
}

fn note(expr: &Expr, uses: &mut HashMap<VarId, Option<Paths>>) {
    match expr {
        Expr::Var(var) => {
            uses.insert(*var, None);
        }
        Expr::Path(var, names) => {
            if let Some(paths) = uses.entry(*var).or_insert_with(|| Some(Paths::new())) {
                paths.insert(names.clone());
            }
        }
        _ => {}
    }
    expr.for_each_child(&mut |child| note(child, uses));
}
