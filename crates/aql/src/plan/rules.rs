//! The optimizer: rules that change a plan without changing its answers, in order.
//!
//! A rule is a function of the plan; it says whether it changed anything. Rules are named as
//! public documentation names them, "AQL / Optimizing queries / Optimizer rules".

use super::{Catalog, Plan};
use crate::error::Result;

/// One rule.
pub struct Rule {
    /// Its public name.
    pub name: &'static str,
    /// What it does, for `GET /_api/query/rules`.
    pub description: &'static str,
    /// Whether it can be switched off.
    pub can_be_disabled: bool,
    apply: fn(&mut Plan, &dyn Catalog) -> Result<bool>,
}

/// All rules in the order of their application.
pub static ALL: &[Rule] = &[];

/// Applies the rules that `choice` leaves on. `choice` holds `-name`, `+name`, `-all` and `+all`,
/// read from left to right; unknown names are ignored.
///
/// # Errors
/// 1577 when a forced index hint cannot be followed.
pub fn optimize(plan: &mut Plan, catalog: &dyn Catalog, choice: &[String]) -> Result<()> {
    for rule in ALL {
        if rule.can_be_disabled && !is_on(rule, choice) {
            continue;
        }
        if (rule.apply)(plan, catalog)? {
            plan.rules.push(rule.name);
        }
    }
    Ok(())
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
