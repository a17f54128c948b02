//! The optimizer: rules that change a plan without changing its answers, in order.
//!
//! A rule is a function of the plan; it says whether it changed anything. Rules are named as
//! public documentation names them, "AQL / Optimizing queries / Optimizer rules", where it does.

mod hash_join;
mod inline_calculations;
mod inline_subqueries;
mod move_filters_into_enumerate;
mod move_filters_up;
mod optimize_subqueries;
mod reduce_extraction_to_projection;
mod remove_redundant_sorts;
mod remove_unnecessary_calculations;
mod remove_unnecessary_filters;
mod replace_or_with_in;
mod simplify_conditions;
mod sort_limit;
mod use_index_for_collect;
mod use_index_for_sort;
pub(crate) mod use_indexes;

use super::{Block, Catalog, Plan};
use crate::error::Result;

/// One rule.
pub struct Rule {
    /// Its public name.
    pub name: &'static str,
    /// What it does, for `GET /_api/query/rules`.
    pub description: &'static str,
    apply: fn(&mut Plan, &dyn Catalog) -> Result<bool>,
}

/// All rules in the order of their application.
pub static ALL: &[Rule] = &[
    Rule {
        name: "inline-subqueries",
        description: "Turn a loop over a subquery into loops of the same block.",
        apply: inline_subqueries::apply,
    },
    Rule {
        name: "inline-calculations",
        description: "Replace variables that only name an attribute, a variable or a constant.",
        apply: inline_calculations::apply,
    },
    Rule {
        name: "simplify-conditions",
        description: "Replace parts of expressions whose value is known without any row.",
        apply: simplify_conditions::apply,
    },
    Rule {
        name: "remove-unnecessary-filters",
        description: "Remove conditions that are constant.",
        apply: remove_unnecessary_filters::apply,
    },
    Rule {
        name: "replace-or-with-in",
        description: "Combine equalities of one attribute into one membership.",
        apply: replace_or_with_in::apply,
    },
    Rule {
        name: "optimize-subqueries",
        description: "Make no array of a subquery that is only counted or asked for one row.",
        apply: optimize_subqueries::apply,
    },
    Rule {
        name: "remove-redundant-sorts",
        description: "Of several sorts in a row keep the last one.",
        apply: remove_redundant_sorts::apply,
    },
    Rule {
        name: "move-filters-up",
        description: "Check conditions as soon as what they read is known.",
        apply: move_filters_up::apply,
    },
    Rule {
        name: "remove-unnecessary-calculations",
        description: "Compute no values that nobody reads.",
        apply: remove_unnecessary_calculations::apply,
    },
    Rule {
        name: "use-indexes",
        description: "Find documents by an index instead of looking at all of them.",
        apply: use_indexes::apply,
    },
    Rule {
        name: "use-index-for-sort",
        description: "Read documents in the wanted order instead of sorting them.",
        apply: use_index_for_sort::apply,
    },
    Rule {
        name: "hash-join",
        description: "Read the collection of an inner loop once, and find its documents by hash.",
        apply: hash_join::apply,
    },
    Rule {
        name: "move-filters-into-enumerate",
        description: "Check conditions on documents before rows are made of them.",
        apply: move_filters_into_enumerate::apply,
    },
    Rule {
        name: "sort-limit",
        description: "Keep no more sorted rows than a limit lets pass.",
        apply: sort_limit::apply,
    },
    Rule {
        name: "reduce-extraction-to-projection",
        description: "Read only the attributes that are used.",
        apply: reduce_extraction_to_projection::apply,
    },
    Rule {
        name: "use-index-for-collect",
        description: "Find out by an index which different values there are.",
        apply: use_index_for_collect::apply,
    },
];

/// Applies the rules that `choice` leaves on. `choice` holds `-name`, `+name`, `-all` and `+all`,
/// read from left to right; unknown names are ignored.
///
/// # Errors
/// 1577 when a forced index hint cannot be followed.
pub fn optimize(plan: &mut Plan, catalog: &dyn Catalog, choice: &[String]) -> Result<()> {
    optimize_watched(plan, catalog, choice, &mut |_| {})
}

/// The same; calls `after` with the name of each rule that is on when it is done.
///
/// # Errors
/// As [`optimize`].
pub(crate) fn optimize_watched(
    plan: &mut Plan,
    catalog: &dyn Catalog,
    choice: &[String],
    after: &mut dyn FnMut(&'static str),
) -> Result<()> {
    for rule in ALL.iter().filter(|rule| is_on(rule, choice)) {
        if (rule.apply)(plan, catalog)? {
            plan.rules.push(rule.name);
        }
        after(rule.name);
    }
    use_indexes::apply_forced(plan, catalog)?;
    Ok(())
}

/// Applies the rules that stand before the one that looks for indexes; whether that one is on.
///
/// # Errors
/// As [`optimize`].
pub(crate) fn optimize_before_indexes(
    plan: &mut Plan,
    catalog: &dyn Catalog,
    choice: &[String],
) -> Result<bool> {
    for rule in ALL {
        let is_on = is_on(rule, choice);
        if rule.name == "use-indexes" {
            return Ok(is_on);
        }
        if is_on {
            (rule.apply)(plan, catalog)?;
        }
    }
    Ok(false)
}

/// How many rules `choice` leaves on.
pub fn count_on(choice: &[String]) -> usize {
    ALL.iter().filter(|rule| is_on(rule, choice)).count()
}

fn is_on(rule: &Rule, choice: &[String]) -> bool {
    let mut on = true;
    for word in choice {
        let (wanted, name) = match word.strip_prefix('-') {
            Some(name) => (false, name),
            None => (true, word.strip_prefix('+').unwrap_or(word)),
        };
        if name == "all" || name == rule.name {
            on = wanted;
        }
    }
    on
}

/// Calls `change` with each block, and the plan without that block.
fn for_each_block(plan: &mut Plan, mut change: impl FnMut(&mut Plan, &mut Block)) {
    for at in 0..plan.subqueries.len() {
        let Some(block) = plan.subqueries.get_mut(at) else {
            break;
        };
        let mut block = std::mem::take(block);
        change(plan, &mut block);
        if let Some(place) = plan.subqueries.get_mut(at) {
            *place = block;
        }
    }
    let mut root = std::mem::take(&mut plan.root);
    change(plan, &mut root);
    plan.root = root;
}
