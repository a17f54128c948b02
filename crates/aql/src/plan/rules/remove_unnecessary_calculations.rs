//! `remove-unnecessary-calculations`: values that nobody reads are not computed.

use crate::error::Result;
use crate::plan::{Catalog, Node, Plan, VarSet};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    loop {
        let mut read = VarSet::default();
        plan.add_block_reads(&plan.root, &mut read);
        for block in &plan.subqueries {
            plan.add_block_reads(block, &mut read);
        }
        let mut removed = false;
        super::for_each_block(plan, |plan, block| {
            block.nodes.retain(|node| match node {
                Node::Calculate { out, value } => {
                    let keep = read.contains(*out) || !plan.is_pure(value);
                    removed |= !keep;
                    keep
                }
                _ => true,
            });
        });
        if !removed {
            return Ok(changed);
        }
        changed = true;
    }
}
