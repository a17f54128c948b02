//! `reduce-extraction-to-projection`: where only some attributes of a document are read, the loop
//! takes them out and rows carry them instead of the document.
//!
//! Each attribute becomes a variable that the loop sets, and every expression that read the
//! attribute reads the variable: the values are the same. Nobody reads the document as such,
//! else the rule leaves it alone. What the loop checks itself reads the document, unless the
//! entries of an index hold all that is read: then documents are not fetched at all.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::error::Result;
use crate::plan::{Block, Catalog, Expr, IndexScan, Node, Plan, Projection, VarId, covered_by};

type Names = Arc<[Arc<str>]>;

/// What is read of each variable: attributes, or `None` for the variable itself.
type Uses = HashMap<VarId, Option<BTreeSet<Names>>>;

/// As many as public documentation gives for `maxProjections`.
const PROJECTIONS_MAX: usize = 5;

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut uses = Uses::new();
    note_block(&plan.root, &mut uses);
    plan.subqueries
        .iter()
        .for_each(|block| note_block(block, &mut uses));
    let mut replaced: HashMap<(VarId, Names), VarId> = HashMap::new();
    let mut changed = false;
    super::for_each_block(plan, |plan, block| {
        for node in &mut block.nodes {
            changed |= project(plan, node, &uses, &mut replaced);
        }
    });
    super::for_each_block(plan, |_, block| {
        for node in &mut block.nodes {
            replace_in_node(node, &replaced);
        }
        let value = block.value.iter_mut();
        value.for_each(|expr| replace(expr, None, &replaced));
    });
    Ok(changed)
}

fn note_block(block: &Block, uses: &mut Uses) {
    for node in &block.nodes {
        match node {
            // What a loop checks on its own document is not a use that rows have to carry.
            Node::EnumerateCollection { out, .. } => {
                node.for_each_expr(&mut |expr| note(expr, Some(*out), uses));
            }
            Node::IndexUnion(union) => {
                for scan in &union.scans {
                    note_scan(scan, uses);
                }
                let filters = union.filters.iter();
                filters.for_each(|expr| note(expr, Some(union.out), uses));
            }
            Node::Index(scan) => note_scan(scan, uses),
            Node::Distinct(var) => {
                uses.insert(*var, None);
            }
            other => other.for_each_expr(&mut |expr| note(expr, None, uses)),
        }
    }
    let value = block.value.iter();
    value.for_each(|expr| note(expr, None, uses));
}

fn note_scan(scan: &IndexScan, uses: &mut Uses) {
    scan.for_each_expr(&mut |expr| note(expr, Some(scan.out), uses));
}

fn note(expr: &Expr, own: Option<VarId>, uses: &mut Uses) {
    match expr {
        Expr::Var(var) if own != Some(*var) => {
            uses.insert(*var, None);
        }
        Expr::Path(var, names) if own != Some(*var) => {
            if let Some(paths) = uses.entry(*var).or_insert_with(|| Some(BTreeSet::new())) {
                paths.insert(names.clone());
            }
        }
        _ => {}
    }
    expr.for_each_child(&mut |child| note(child, own, uses));
}

/// Lets a loop take attributes out of its documents, if that is all that is read of them.
fn project(
    plan: &mut Plan,
    node: &mut Node,
    uses: &Uses,
    replaced: &mut HashMap<(VarId, Names), VarId>,
) -> bool {
    let Some(out) = node.document() else {
        return false;
    };
    let mut names = match uses.get(&out) {
        Some(None) => return false,
        Some(Some(names)) => names.clone(),
        None => BTreeSet::new(),
    };
    let covering = match node {
        Node::Index(scan) => covering_names(scan, &names),
        _ => None,
    };
    let is_covering = covering.is_some();
    names = covering.unwrap_or(names);
    if names.len() > PROJECTIONS_MAX {
        return false;
    }
    let made = names.into_iter().map(|names| {
        let name = format!("{}.{}", plan.variable_name(out), names.join("."));
        let projection = Projection {
            out: plan.add_variable(&name),
            names: names.clone(),
        };
        replaced.insert((out, names), projection.out);
        projection
    });
    let made = Some(made.collect());
    match node {
        Node::EnumerateCollection { projections, .. } => *projections = made,
        Node::IndexUnion(union) => union.projections = made,
        Node::Index(scan) => {
            scan.projections = made;
            scan.covering = is_covering;
            if is_covering {
                let filters = scan.filters.iter_mut();
                filters.for_each(|expr| replace(expr, None, replaced));
            }
        }
        _ => return false,
    }
    true
}

/// All that is read of the documents of a scan, its own conditions included, if the entries of
/// its index hold all of it.
fn covering_names(scan: &IndexScan, names: &BTreeSet<Names>) -> Option<BTreeSet<Names>> {
    let mut uses = Uses::new();
    let filters = scan.filters.iter();
    filters.for_each(|expr| note(expr, None, &mut uses));
    let mut all = names.clone();
    match uses.remove(&scan.out) {
        Some(None) => return None,
        Some(Some(own)) => all.extend(own),
        None => {}
    }
    let covers = all
        .iter()
        .all(|names| covered_by(&scan.index, names).is_some());
    let fits = all.len() <= PROJECTIONS_MAX;
    (covers && fits && has_entries(scan)).then_some(all)
}

/// The entries of a primary index are the documents themselves.
fn has_entries(scan: &IndexScan) -> bool {
    scan.index.kind() != database::IndexKind::Primary
}

fn replace_in_node(node: &mut Node, replaced: &HashMap<(VarId, Names), VarId>) {
    let own = node.document();
    node.for_each_expr_mut(&mut |expr| replace(expr, own, replaced));
}

/// Reads variables instead of attributes, but for those of `own`.
fn replace(expr: &mut Expr, own: Option<VarId>, replaced: &HashMap<(VarId, Names), VarId>) {
    if let Expr::Path(var, names) = expr
        && own != Some(*var)
        && let Some(out) = replaced.get(&(*var, names.clone()))
    {
        *expr = Expr::Var(*out);
        return;
    }
    expr.for_each_child_mut(&mut |child| replace(child, own, replaced));
}
