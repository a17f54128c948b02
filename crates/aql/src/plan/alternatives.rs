//! The plans that a query could have followed as well: for each loop over a collection, with each
//! index that its conditions allow, and with none.

use std::sync::Arc;

use super::rules::{self, use_indexes};
use super::{Catalog, IndexHint, Node, Plan, VarId};

/// A loop and what could be done with it.
struct Loop {
    out: VarId,
    choices: Vec<IndexHint>,
}

/// Plans other than `followed`, which `lowered` became when it was optimised: at most
/// `plans_max` with that one. What a query's own hints rule out is none.
pub(crate) fn alternatives(
    lowered: &Plan,
    catalog: &dyn Catalog,
    rules: &[String],
    followed: &Plan,
    plans_max: usize,
) -> Vec<Plan> {
    let loops = loops(lowered, catalog, rules);
    let mut known = vec![shape(followed)];
    let mut found = Vec::new();
    // A number whose digits are the choices, one for each loop, the base of each its own.
    let mut digits = vec![0_usize; loops.len()];
    // Different choices may come to the same plan.
    let mut tries = plans_max.saturating_mul(4);
    while found.len() + 1 < plans_max && tries > 0 {
        tries -= 1;
        let mut plan = lowered.clone();
        for (digit, one) in digits.iter().zip(&loops) {
            if let Some(choice) = one.choices.get(*digit) {
                set_hint(&mut plan, one.out, choice);
            }
        }
        if rules::optimize(&mut plan, catalog, rules).is_ok() {
            let shape = shape(&plan);
            if !known.contains(&shape) {
                known.push(shape);
                plan.finish();
                found.push(plan);
            }
        }
        let mut carried = true;
        for (digit, one) in digits.iter_mut().zip(&loops) {
            if carried {
                *digit += 1;
                carried = *digit >= one.choices.len();
                if carried {
                    *digit = 0;
                }
            }
        }
        if carried {
            break;
        }
    }
    found
}

/// The loops that have a choice, as they are when indexes are looked for.
fn loops(lowered: &Plan, catalog: &dyn Catalog, rules: &[String]) -> Vec<Loop> {
    let mut plan = lowered.clone();
    if !rules::optimize_before_indexes(&mut plan, catalog, rules).unwrap_or(false) {
        return Vec::new();
    }
    let mut loops = Vec::new();
    for (out, names) in use_indexes::candidates(&mut plan, catalog) {
        let with = |name: &Arc<str>| IndexHint {
            names: vec![name.clone()],
            ..IndexHint::default()
        };
        let mut choices: Vec<IndexHint> = names.iter().map(with).collect();
        choices.push(IndexHint {
            disable: true,
            ..IndexHint::default()
        });
        loops.push(Loop { out, choices });
    }
    loops
}

fn set_hint(plan: &mut Plan, loop_out: VarId, choice: &IndexHint) {
    let blocks = plan.subqueries.iter_mut().chain([&mut plan.root]);
    for node in blocks.flat_map(|block| &mut block.nodes) {
        if let Node::EnumerateCollection { out, hint, .. } = node
            && *out == loop_out
        {
            hint.clone_from(choice);
        }
    }
}

/// What tells plans of one query apart: how each of their loops finds its documents.
fn shape(plan: &Plan) -> Vec<String> {
    let blocks = plan.subqueries.iter().chain([&plan.root]);
    let nodes = blocks.flat_map(|block| &block.nodes);
    nodes
        .filter_map(|node| match node {
            Node::EnumerateCollection { out, join, .. } => {
                Some(format!("{} joined {}", out.0, join.is_some()))
            }
            Node::Index(scan) => Some(format!("{} by {}", scan.out.0, scan.index.name())),
            Node::IndexUnion(union) => {
                let names = union.scans.iter().map(|scan| scan.index.name());
                Some(format!(
                    "{} by any of {}",
                    union.out.0,
                    names.collect::<Vec<_>>().join(",")
                ))
            }
            Node::Sort { .. } => Some("sort".to_owned()),
            _ => None,
        })
        .collect()
}
