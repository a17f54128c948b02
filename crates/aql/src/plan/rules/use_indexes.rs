//! `use-indexes`: conditions right behind a loop over a collection become a search in an index.
//!
//! An index serves equality on its first fields, then `IN` or a range on the next one. The
//! conditions it serves are kept with it, for values that the index leaves out.

use std::sync::Arc;

use database::{Collection, Index, IndexKind};
use error_codes::codes;
use value::{PathStep, Value};

use crate::error::{Error, Result};
use crate::plan::{
    ArrayCompare, BinaryOp, Block, Catalog, Expr, IndexHint, IndexScan, IndexUnion, Node, Plan,
    Prefix, Quantifier, VarId,
};

pub(super) fn apply(plan: &mut Plan, catalog: &dyn Catalog) -> Result<bool> {
    apply_to(plan, catalog, |_| true)
}

/// Follows forced hints only, for plans that are not optimised.
pub(super) fn apply_forced(plan: &mut Plan, catalog: &dyn Catalog) -> Result<bool> {
    apply_to(plan, catalog, |hint| hint.force && !hint.names.is_empty())
}

fn apply_to(
    plan: &mut Plan,
    catalog: &dyn Catalog,
    wanted: impl Fn(&IndexHint) -> bool,
) -> Result<bool> {
    let mut changed = false;
    let mut unusable = None;
    super::for_each_block(plan, |plan, block| {
        for at in 0..block.nodes.len() {
            let hint = match block.nodes.get(at) {
                Some(Node::EnumerateCollection { hint, .. }) => hint,
                _ => continue,
            };
            if hint.disable || !wanted(hint) {
                continue;
            }
            match improve(plan, block, at, catalog) {
                Ok(improved) => changed |= improved,
                Err(error) => unusable = Some(error),
            }
        }
    });
    match unusable {
        Some(error) => Err(error),
        None => Ok(changed),
    }
}

/// The loops whose conditions some index serves, by their variables, with the names of those
/// indexes. Loops that have hints have no choice.
pub(crate) fn candidates(plan: &mut Plan, catalog: &dyn Catalog) -> Vec<(VarId, Vec<Arc<str>>)> {
    let mut found = Vec::new();
    super::for_each_block(plan, |plan, block| {
        for (at, node) in block.nodes.iter().enumerate() {
            let Node::EnumerateCollection {
                collection,
                out,
                hint,
                ..
            } = node
            else {
                continue;
            };
            let info = catalog.find_collection(plan.collection_name(*collection));
            let Some(info) = info.filter(|_| *hint == IndexHint::default()) else {
                continue;
            };
            let conditions = conditions(plan, block, at, *out);
            let whole = IndexScan::whole(*collection, *out, Arc::clone(info.primary_index()));
            let fitting = info
                .indexes()
                .filter(|index| index.is_by_value())
                .filter(|index| fit(&whole, index, &conditions).is_some());
            let names: Vec<Arc<str>> = fitting.map(|index| index.name().into()).collect();
            if !names.is_empty() {
                found.push((*out, names));
            }
        }
    });
    found
}

/// A condition that an index may serve.
struct Condition {
    /// Which of the filters behind the loop.
    filter: usize,
    /// The attribute, and whether its members are meant.
    names: Vec<Arc<str>>,
    expands: bool,
    kind: ConditionKind,
    value: Expr,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ConditionKind {
    Equal,
    In,
    Lower {
        included: bool,
    },
    Upper {
        included: bool,
    },
    /// It holds for no other texts than those that begin so.
    Begins {
        is_pattern: bool,
    },
}

/// What an index can do for a loop.
struct Choice {
    scan: IndexScan,
    /// The filters that the index stands for.
    used: Vec<usize>,
    /// A filter that the index helps with and that stays.
    narrowed: Option<usize>,
    /// How many documents it is expected to find for an outer row.
    documents: f64,
    /// How much of the conditions it serves.
    score: f64,
}

fn improve(plan: &Plan, block: &mut Block, at: usize, catalog: &dyn Catalog) -> Result<bool> {
    let Some(Node::EnumerateCollection {
        collection,
        out,
        hint,
        ..
    }) = block.nodes.get(at)
    else {
        return Ok(false);
    };
    let Some(info) = catalog.find_collection(plan.collection_name(*collection)) else {
        return Ok(false);
    };
    let conditions = conditions(plan, block, at, *out);
    let template = IndexScan::whole(*collection, *out, Arc::clone(info.primary_index()));
    let Some(choice) = choose(&template, &info, hint, &conditions)? else {
        let Some(scans) = union(plan, block, at, &template, &info, hint)? else {
            return Ok(false);
        };
        let union = IndexUnion {
            collection: template.collection,
            out: template.out,
            scans,
            filters: Vec::new(),
            projections: None,
        };
        if let Some(node) = block.nodes.get_mut(at) {
            *node = Node::IndexUnion(Box::new(union));
        }
        return Ok(true);
    };
    let mut scan = choice.scan;
    let mut used = choice.used;
    if let Some(Node::Filter(condition)) = choice.narrowed.and_then(|at| block.nodes.get(at)) {
        scan.residual.push(condition.clone());
    }
    used.sort_unstable();
    used.dedup();
    for filter in used.into_iter().rev() {
        if let Node::Filter(condition) = block.nodes.remove(filter) {
            scan.residual.insert(0, condition);
        }
    }
    if let Some(node) = block.nodes.get_mut(at) {
        *node = Node::Index(Box::new(scan));
    }
    Ok(true)
}

/// A search for each branch of the first `OR` behind the loop; `None` unless there is an index
/// for each. The condition itself stays a filter.
fn union(
    plan: &Plan,
    block: &Block,
    at: usize,
    template: &IndexScan,
    info: &Collection,
    hint: &IndexHint,
) -> Result<Option<Vec<IndexScan>>> {
    let behind = block.nodes.iter().skip(at + 1);
    let filters = behind.map_while(|node| match node {
        Node::Filter(condition) => Some(condition),
        _ => None,
    });
    let mut ors = filters.filter_map(|condition| match condition {
        Expr::Or(branches) => Some(branches),
        _ => None,
    });
    let Some(branches) = ors.next() else {
        return Ok(None);
    };
    let mut scans = Vec::with_capacity(branches.len());
    for branch in branches {
        let parts = match branch {
            Expr::And(parts) => parts.as_slice(),
            other => std::slice::from_ref(other),
        };
        let conditions = parts
            .iter()
            .filter_map(|part| condition_of(plan, part, 0, template.out));
        let conditions: Vec<Condition> = conditions.collect();
        match choose(template, info, hint, &conditions)? {
            Some(choice) => scans.push(choice.scan),
            None => return Ok(None),
        }
    }
    Ok(Some(scans))
}

fn choose(
    template: &IndexScan,
    info: &Collection,
    hint: &IndexHint,
    conditions: &[Condition],
) -> Result<Option<Choice>> {
    let hinted = |choice: &Choice| {
        hint.names
            .iter()
            .any(|name| **name == *choice.scan.index.name())
    };
    let all = info
        .indexes()
        .filter(|index| index.is_by_value())
        .filter_map(|index| fit(template, index, conditions));
    let all: Vec<Choice> = all.collect();
    if hint.force && !hint.names.is_empty() && !all.iter().any(hinted) {
        return Err(Error::new_invalid(codes::QUERY_FORCED_INDEX_HINT_UNUSABLE));
    }
    let better = |a: &Choice, b: &Choice| {
        let fewer = b.documents.total_cmp(&a.documents);
        let order = hinted(a).cmp(&hinted(b)).then(fewer);
        order.then(a.score.total_cmp(&b.score))
    };
    // Of equally good ones the first created wins.
    Ok(all.into_iter().rev().max_by(better))
}

/// The conditions of the filters that stand right behind the loop.
fn conditions(plan: &Plan, block: &Block, at: usize, out: VarId) -> Vec<Condition> {
    let mut found = Vec::new();
    for (filter, node) in block.nodes.iter().enumerate().skip(at + 1) {
        let Node::Filter(condition) = node else {
            break;
        };
        found.extend(condition_of(plan, condition, filter, out));
    }
    found
}

fn condition_of(plan: &Plan, condition: &Expr, filter: usize, out: VarId) -> Option<Condition> {
    let usable = |value: &Expr| !plan.reads(value).contains(out) && plan.is_pure(value);
    let make = |path: (Vec<Arc<str>>, bool), kind, value: &Expr| {
        usable(value).then(|| Condition {
            filter,
            names: path.0,
            expands: path.1,
            kind,
            value: value.clone(),
        })
    };
    match condition {
        Expr::Binary(BinaryOp::In, pair) => match (path(&pair.0, out), members(&pair.1, out)) {
            (Some(names), _) => make((names, false), ConditionKind::In, &pair.1),
            (None, Some(names)) => make((names, true), ConditionKind::Equal, &pair.0),
            (None, None) => None,
        },
        Expr::Binary(op, pair) => {
            let kind = kind_of(*op)?;
            if let Some(names) = path(&pair.0, out)
                && let Some(condition) = make((names, false), kind, &pair.1)
            {
                return Some(condition);
            }
            make((path(&pair.1, out)?, false), mirrored(kind)?, &pair.0)
        }
        Expr::Call(function, arguments) => {
            let kind = ConditionKind::Begins {
                is_pattern: match function.name {
                    "LIKE" => true,
                    "STARTS_WITH" => false,
                    _ => return None,
                },
            };
            match arguments.as_slice() {
                [text, beginning] => make((path(text, out)?, false), kind, beginning),
                _ => None,
            }
        }
        Expr::ArrayCompare(compare) => {
            let ArrayCompare {
                quantifier: Quantifier::Any,
                op: BinaryOp::Equal,
                left,
                right,
            } = &**compare
            else {
                return None;
            };
            make((members(left, out)?, true), ConditionKind::Equal, right)
        }
        _ => None,
    }
}

fn kind_of(op: BinaryOp) -> Option<ConditionKind> {
    match op {
        BinaryOp::Equal => Some(ConditionKind::Equal),
        BinaryOp::Greater => Some(ConditionKind::Lower { included: false }),
        BinaryOp::GreaterEqual => Some(ConditionKind::Lower { included: true }),
        BinaryOp::Less => Some(ConditionKind::Upper { included: false }),
        BinaryOp::LessEqual => Some(ConditionKind::Upper { included: true }),
        BinaryOp::Like => Some(ConditionKind::Begins { is_pattern: true }),
        _ => None,
    }
}

/// The condition with its sides exchanged, if that is one.
fn mirrored(kind: ConditionKind) -> Option<ConditionKind> {
    match kind {
        ConditionKind::Lower { included } => Some(ConditionKind::Upper { included }),
        ConditionKind::Upper { included } => Some(ConditionKind::Lower { included }),
        ConditionKind::Equal | ConditionKind::In => Some(kind),
        ConditionKind::Begins { .. } => None,
    }
}

/// The names of `out.a.b`.
fn path(expr: &Expr, out: VarId) -> Option<Vec<Arc<str>>> {
    match expr.as_path()? {
        (var, names) if var == out && !names.is_empty() => Some(names.to_vec()),
        _ => None,
    }
}

/// The names of `out.a.b` or `out.a.b[*]`, as an array.
fn members(expr: &Expr, out: VarId) -> Option<Vec<Arc<str>>> {
    match expr {
        Expr::Expand(expand)
            if expand.levels == 1
                && expand.filter.is_none()
                && expand.limit.is_none()
                && expand.value.is_none()
                && expand.suffix.is_none() =>
        {
            path(&expand.base, out)
        }
        other => path(other, out),
    }
}

/// What an index can do with these conditions; `None` when nothing.
fn fit(template: &IndexScan, index: &Arc<Index>, conditions: &[Condition]) -> Option<Choice> {
    let mut choice = Choice {
        scan: IndexScan {
            index: Arc::clone(index),
            ..template.clone()
        },
        used: Vec::new(),
        narrowed: None,
        documents: 0.0,
        score: 0.0,
    };
    if index.kind() == IndexKind::Primary {
        let by_id = |condition: &&Condition| {
            matches!(condition.names.as_slice(), [name] if &**name == "_id")
                && matches!(condition.kind, ConditionKind::Equal | ConditionKind::In)
                && !condition.expands
        };
        if let Some(condition) = conditions.iter().find(by_id) {
            choice.scan.by_id = true;
            take(&mut choice, condition);
        }
    }
    for field in index.fields() {
        if choice.scan.by_id
            || choice.scan.any.is_some()
            || choice.scan.lower.is_some()
            || choice.scan.upper.is_some()
        {
            break;
        }
        let (names, expands) = field_names(field.steps())?;
        let on_field: Vec<&Condition> = conditions
            .iter()
            .filter(|condition| condition.names == names && condition.expands == expands)
            .collect();
        let of_kind = |kind| {
            on_field
                .iter()
                .find(|condition| condition.kind == kind)
                .copied()
        };
        if let Some(condition) = of_kind(ConditionKind::Equal) {
            take(&mut choice, condition);
            continue;
        }
        if let Some(condition) = of_kind(ConditionKind::In) {
            take(&mut choice, condition);
            continue;
        }
        for condition in on_field {
            take(&mut choice, condition);
        }
        break;
    }
    let serves = !choice.used.is_empty() || choice.narrowed.is_some();
    if !serves || !holds_all(&choice.scan) {
        return None;
    }
    choice.documents = documents_expected(&choice.scan);
    Some(choice)
}

/// How many documents a search finds: by the estimates of the index, else by what conditions
/// usually leave.
pub(crate) fn documents_expected(scan: &IndexScan) -> f64 {
    const ALL: f64 = 1_000_000.0;
    const LEFT_BY_EQUALITY: f64 = 0.01;
    const LEFT_BY_BOUND: f64 = 0.3;
    const LIST: f64 = 10.0;
    let index = &scan.index;
    let fixed = scan.equal.len() + usize::from(scan.any.is_some());
    let unique = scan.by_id || (index.is_unique() && fixed == index.fields().len());
    let all = index
        .entries_estimate()
        .map_or(ALL, |entries| entries as f64);
    let each = match index.entries_per_value(fixed) {
        _ if unique => 1.0,
        Some(entries) => entries,
        None => (all * LEFT_BY_EQUALITY.powi(fixed as i32)).max(1.0),
    };
    let values = match &scan.any {
        Some(Expr::Const(Value::Array(items))) => items.len() as f64,
        Some(Expr::Array(items)) => items.len() as f64,
        Some(_) => LIST,
        None => 1.0,
    };
    let bounds = [&scan.lower, &scan.upper];
    let bounds = bounds.iter().filter(|bound| bound.is_some()).count();
    let bounds = bounds + 2 * usize::from(scan.prefix.is_some());
    each * values * LEFT_BY_BOUND.powi(bounds as i32)
}

/// Whether the index has an entry for every document that fits the conditions. Documents
/// without members of an expanded field have none, nor those that lack a field of a sparse index.
/// What a bind or another row's value turns out to be is looked at when the query runs.
fn holds_all(scan: &IndexScan) -> bool {
    let ranged = scan.lower.is_some() || scan.upper.is_some() || scan.prefix.is_some();
    let constrained = scan.equal.len() + usize::from(scan.any.is_some() || ranged);
    let mut rest = scan.index.fields().iter().skip(constrained);
    if rest.any(|field| field.expands() || scan.index.is_sparse()) {
        return false;
    }
    let is_null = |expr: &Expr| matches!(expr, Expr::Const(Value::Null));
    let lists_null = match &scan.any {
        Some(Expr::Const(Value::Array(items))) => items.contains(&Value::Null),
        _ => false,
    };
    let from_null = match &scan.lower {
        Some((bound, included)) => *included && is_null(bound),
        None => ranged,
    };
    let takes_null = scan.equal.iter().any(is_null) || lists_null || from_null;
    !(scan.index.is_sparse() && takes_null)
}

/// Lets the index serve a condition.
fn take(choice: &mut Choice, condition: &Condition) {
    let scan = &mut choice.scan;
    let value = condition.value.clone();
    match condition.kind {
        ConditionKind::Equal => {
            scan.equal.push(value);
            choice.score += 10.0;
        }
        ConditionKind::In => {
            scan.any = Some(value);
            choice.score += 8.0;
        }
        // Of several bounds on one side the first is used; the others stay filters.
        ConditionKind::Lower { included } if scan.lower.is_none() && scan.prefix.is_none() => {
            scan.lower = Some((value, included));
            choice.score += 3.0;
        }
        ConditionKind::Upper { included } if scan.upper.is_none() && scan.prefix.is_none() => {
            scan.upper = Some((value, included));
            choice.score += 3.0;
        }
        ConditionKind::Begins { is_pattern }
            if scan.lower.is_none() && scan.upper.is_none() && scan.prefix.is_none() =>
        {
            scan.prefix = Some(Prefix {
                text: value,
                is_pattern,
            });
            choice.score += 6.0;
            choice.narrowed = Some(condition.filter);
            return;
        }
        ConditionKind::Lower { .. }
        | ConditionKind::Upper { .. }
        | ConditionKind::Begins { .. } => return,
    }
    choice.used.push(condition.filter);
}

/// The names of a field, and whether its members are indexed; `None` for other fields.
pub(super) fn field_names(steps: &[PathStep]) -> Option<(Vec<Arc<str>>, bool)> {
    let mut names = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        match step {
            PathStep::Attribute(name) => names.push(name.clone()),
            PathStep::Expand if at + 1 == steps.len() => return Some((names, true)),
            PathStep::Expand => return None,
        }
    }
    Some((names, false))
}
