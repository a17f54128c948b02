//! Plans as clients see them.
//!
//! Source of the shapes: public documentation, "AQL / Execution and performance / Explaining".
//! Costs are rough: they tell a scan from a lookup, not one machine from another.

mod expression;

use std::collections::BTreeSet;

use value::{Object, Value};

use super::rules::use_indexes;
use super::{
    Aggregate, BinaryOp, Block, Bound, Collect, CollectionId, Expr, IndexScan, IndexUnion, JoinKey,
    Modify, Node, Plan, Projection, SubqueryId, Upsert, VarId, Window,
};
use crate::syntax::ast::ModifyKind;

/// What a loop over a collection or array is assumed to give, when nothing is known.
const ITEMS_GUESSED: f64 = 100.0;

/// How much of its input an equality without an index is assumed to leave.
const LEFT_BY_EQUALITY: f64 = 0.1;

/// The public form of a plan, and where its nodes come from.
pub(crate) struct Written {
    pub(crate) plan: Object,
    /// What it is expected to cost.
    pub(crate) cost: f64,
    /// The public number of a node, its block and its place there.
    pub(crate) places: Vec<(usize, Option<SubqueryId>, usize)>,
}

/// Writes the public form of a plan, for collections of so many documents, in the plan's order,
/// where that is known.
pub(crate) fn write(plan: &Plan, sizes: &[Option<u64>]) -> Written {
    let mut writer = Writer {
        plan,
        sizes,
        places: Vec::new(),
        nodes: Vec::new(),
        items: 1.0,
        cost: 1.0,
    };
    writer.push("SingletonNode", Object::new());
    writer.block(&plan.root, None);
    if let Some(value) = &plan.root.value {
        let mut node = writer.calculation("inVariable", value);
        node.insert("count", true);
        writer.push("ReturnNode", node);
    }
    let collections = plan.collections.iter().map(|collection| {
        let mut object = Object::new();
        object.insert("name", &*collection.name);
        object.insert(
            "type",
            if collection.is_written {
                "write"
            } else {
                "read"
            },
        );
        Value::object(object)
    });
    let mut object = Object::new();
    let (cost, items) = (writer.cost, writer.items);
    object.insert("nodes", writer.nodes);
    object.insert("rules", texts(plan.rules.iter().copied()));
    object.insert("collections", collections.collect::<Vec<_>>());
    object.insert("variables", variables(plan));
    object.insert("estimatedCost", number(cost));
    object.insert("estimatedNrItems", number(items.ceil()));
    object.insert("isModificationQuery", plan.is_modification());
    object.insert("asyncPrefetchNodes", 0);
    Written {
        plan: object,
        cost,
        places: writer.places,
    }
}

fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> Value {
    Value::array(texts.map(Value::from).collect())
}

fn number(number: f64) -> Value {
    Value::from_f64(number).unwrap_or_default()
}

fn variables(plan: &Plan) -> Value {
    let mut documents = BTreeSet::new();
    for block in std::iter::once(&plan.root).chain(&plan.subqueries) {
        for node in &block.nodes {
            match node {
                Node::EnumerateCollection { out, .. } => documents.insert(*out),
                Node::Index(scan) => documents.insert(scan.out),
                Node::IndexUnion(union) => documents.insert(union.out),
                _ => false,
            };
        }
    }
    let variable = |(at, name): (usize, &std::sync::Arc<str>)| {
        let mut object = variable_object(VarId(at as u32), name);
        object.insert(
            "isFullDocumentFromCollection",
            documents.contains(&VarId(at as u32)),
        );
        Value::object(object)
    };
    Value::array(plan.variables.iter().enumerate().map(variable).collect())
}

fn bound_value(bound: Bound) -> Value {
    match bound {
        Bound::Unbounded => "unbounded".into(),
        Bound::Rows(rows) => rows.into(),
        Bound::Distance(distance) => number(distance),
        Bound::Time(span) => {
            let mut object = Object::new();
            object.insert("months", span.months);
            object.insert("milliseconds", span.ms);
            object.into()
        }
    }
}

fn variable_object(var: VarId, name: &str) -> Object {
    let mut object = Object::new();
    object.insert("id", u64::from(var.0));
    if name.is_empty() {
        object.insert("name", var.0.to_string());
    } else {
        object.insert("name", name);
    }
    object
}

/// Writes nodes one after the other, each depending on the one before.
struct Writer<'p> {
    plan: &'p Plan,
    sizes: &'p [Option<u64>],
    places: Vec<(usize, Option<SubqueryId>, usize)>,
    nodes: Vec<Value>,
    items: f64,
    cost: f64,
}

impl Writer<'_> {
    fn push(&mut self, kind: &str, details: Object) {
        let id = self.nodes.len() + 1;
        let mut node = Object::new();
        node.insert("type", kind);
        let before = (id > 1).then(|| Value::from(id - 1));
        node.insert("dependencies", before.into_iter().collect::<Vec<_>>());
        node.insert("id", id);
        node.insert("estimatedCost", number(self.cost));
        node.insert("estimatedNrItems", number(self.items.ceil()));
        for (name, value) in details {
            node.insert(name, value);
        }
        self.nodes.push(node.into());
    }

    fn variable(&self, var: VarId) -> Value {
        let name = self.plan.variables.get(var.index()).map_or("", |name| name);
        Value::object(variable_object(var, name))
    }

    /// A variable that only the public form has.
    fn temporary(&self) -> Value {
        let id = self.plan.variables.len() + self.nodes.len();
        Value::object(variable_object(VarId(id as u32), ""))
    }

    /// A variable as `name`; what is more than a variable gets a calculation before.
    fn calculation(&mut self, name: &str, value: &Expr) -> Object {
        self.subqueries(value);
        let mut details = Object::new();
        if let Expr::Var(var) = value {
            details.insert(name, self.variable(*var));
            return details;
        }
        let mut calculation = Object::new();
        calculation.insert("expression", expression::expression(self.plan, value));
        let temporary = self.temporary();
        calculation.insert("outVariable", temporary.clone());
        calculation.insert("canThrow", false);
        calculation.insert("expressionType", kind_of(value));
        self.cost += self.items;
        self.push("CalculationNode", calculation);
        details.insert(name, temporary);
        details
    }

    /// The subqueries of an expression stand before it.
    fn subqueries(&mut self, value: &Expr) {
        if let Expr::Subquery(id, _) = value {
            self.subquery(*id);
        }
        let mut inner = Vec::new();
        value.for_each_child(&mut |child| inner.push(child.clone()));
        inner.iter().for_each(|child| self.subqueries(child));
    }

    fn subquery(&mut self, id: SubqueryId) {
        let outer = self.items;
        let block = self.plan.subquery(id);
        let mut details = Object::new();
        details.insert("subqueryOutVariable", self.temporary());
        self.push("SubqueryStartNode", details);
        self.block(block, Some(id));
        let details = match &block.value {
            Some(value) => self.calculation("inVariable", value),
            None => Object::new(),
        };
        self.items = outer;
        self.push("SubqueryEndNode", details);
    }

    fn block(&mut self, block: &Block, id: Option<SubqueryId>) {
        for (at, node) in block.nodes.iter().enumerate() {
            let before = self.nodes.len();
            self.node(node);
            // Loops stand before the conditions that they check, others behind what they need.
            let shown = match node {
                Node::EnumerateCollection { .. } | Node::Index(_) | Node::IndexUnion(_) => {
                    before + 1
                }
                _ => self.nodes.len(),
            };
            if shown > before && shown <= self.nodes.len() {
                self.places.push((shown, id, at));
            }
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::EnumerateCollection { .. } => self.collection_loop(node),
            Node::Index(scan) => self.index(scan),
            Node::IndexUnion(union) => self.index_union(union),
            Node::EnumerateList { list, out } => {
                let mut details = self.calculation("inVariable", list);
                details.insert("outVariable", self.variable(*out));
                self.items *= length_of(list);
                self.cost += self.items;
                self.push("EnumerateListNode", details);
            }
            Node::Filter(condition) => self.filters(std::slice::from_ref(condition)),
            Node::Calculate { out, value } => {
                self.subqueries(value);
                let mut details = Object::new();
                details.insert("expression", expression::expression(self.plan, value));
                details.insert("outVariable", self.variable(*out));
                details.insert("canThrow", false);
                details.insert("expressionType", kind_of(value));
                self.cost += self.items;
                self.push("CalculationNode", details);
            }
            Node::Sort { keys, limit } => self.sort(keys, limit.as_ref()),
            Node::Limit {
                offset,
                count,
                full_count,
            } => self.limit(offset.as_ref(), count.as_ref(), *full_count),
            Node::Collect(collect) => self.collect(collect),
            Node::Window(window) => self.window(window),
            Node::Distinct(var) => {
                let mut details = Object::new();
                details.insert("groups", vec![self.variable(*var)]);
                let mut options = Object::new();
                options.insert("method", "distinct");
                details.insert("collectOptions", options);
                self.push("CollectNode", details);
            }
            Node::Modify(modify) => self.modify(modify),
            Node::Upsert(upsert) => self.upsert(upsert),
            // Nothing that clients know: how rows flow, not which.
            Node::Buffer => {}
            Node::NoResults => {
                self.items = 0.0;
                self.push("NoResultsNode", Object::new());
            }
        }
    }

    fn collection_loop(&mut self, node: &Node) {
        let Node::EnumerateCollection {
            collection,
            out,
            filters,
            join,
            projections,
            ..
        } = node
        else {
            return;
        };
        let mut details = Object::new();
        details.insert("collection", &**self.plan.collection_name(*collection));
        details.insert("random", false);
        details.insert("outVariable", self.variable(*out));
        details.insert("projections", paths(projections.as_deref()));
        details.insert(
            "producesResult",
            projections.as_ref().is_none_or(|p| !p.is_empty()),
        );
        let size = self.size(*collection);
        let outer = self.items;
        self.items *= size;
        // A collection that is joined by hash is read once.
        self.cost += match join {
            Some(_) => size + outer,
            None => self.items,
        };
        self.push("EnumerateCollectionNode", details);
        self.filters(filters);
        let equal = |key: &JoinKey| {
            let pair = (Expr::Path(*out, key.names.clone()), key.value.clone());
            Expr::Binary(BinaryOp::Equal, Box::new(pair))
        };
        let keys: Vec<Expr> = join.iter().flatten().map(equal).collect();
        self.filters(&keys);
    }

    /// Conditions that a loop checks itself are shown behind it.
    fn filters(&mut self, conditions: &[Expr]) {
        for condition in conditions {
            let details = self.calculation("inVariable", condition);
            self.cost += self.items;
            self.items *= match condition {
                Expr::Binary(BinaryOp::Equal, _) => LEFT_BY_EQUALITY,
                _ => 0.5,
            };
            self.push("FilterNode", details);
        }
    }

    fn index(&mut self, scan: &IndexScan) {
        // Each search costs as much as a few documents.
        self.cost += self.items * self.size(scan.collection).max(2.0).log2();
        self.items *= self.found(scan);
        let mut details = self.loop_details(scan, scan.projections.as_deref());
        details.insert("indexes", vec![index_object(&scan.index)]);
        let conditions = Expr::And(scan.residual.clone());
        details.insert("condition", expression::expression(self.plan, &conditions));
        details.insert("ascending", !scan.descending);
        details.insert("reverse", scan.descending);
        details.insert("indexCoversProjections", scan.covering);
        self.cost += self.items;
        self.push("IndexNode", details);
        self.filters(&scan.filters);
    }

    fn index_union(&mut self, union: &IndexUnion) {
        let Some(first) = union.scans.first() else {
            return;
        };
        let searches = union.scans.len() as f64;
        self.cost += self.items * searches * self.size(union.collection).max(2.0).log2();
        let found: f64 = union.scans.iter().map(|scan| self.found(scan)).sum();
        self.items *= found.min(self.size(union.collection));
        let mut details = self.loop_details(first, union.projections.as_deref());
        let indexes = union.scans.iter().map(|scan| index_object(&scan.index));
        details.insert("indexes", indexes.collect::<Vec<_>>());
        details.insert("ascending", true);
        details.insert("reverse", false);
        self.cost += self.items;
        self.push("IndexNode", details);
        self.filters(&union.filters);
    }

    /// How many documents a collection has.
    fn size(&self, collection: CollectionId) -> f64 {
        let known = self.sizes.get(collection.0).copied().flatten();
        known.map_or(ITEMS_GUESSED, |size| size as f64)
    }

    /// How many documents a search in an index finds for one outer row.
    fn found(&self, scan: &IndexScan) -> f64 {
        let expected = use_indexes::documents_expected(scan);
        let known = self.sizes.get(scan.collection.0).copied().flatten();
        match known {
            Some(size) => expected.min(size as f64),
            None if scan.index.entries_estimate().is_none() => expected.min(ITEMS_GUESSED),
            None => expected,
        }
    }

    fn loop_details(&self, scan: &IndexScan, projections: Option<&[Projection]>) -> Object {
        let mut details = Object::new();
        details.insert("collection", &**self.plan.collection_name(scan.collection));
        details.insert("outVariable", self.variable(scan.out));
        details.insert("projections", paths(projections));
        let reads = projections.is_none_or(|projections| !projections.is_empty());
        details.insert("producesResult", reads);
        details
    }

    fn sort(&mut self, keys: &[(Expr, bool)], limit: Option<&Expr>) {
        let mut elements = Vec::new();
        for (key, descending) in keys {
            let mut element = self.calculation("inVariable", key);
            element.insert("ascending", !descending);
            elements.push(Value::object(element));
        }
        let mut details = Object::new();
        details.insert("elements", elements);
        details.insert("stable", true);
        if let Some(Expr::Const(limit)) = limit {
            details.insert("limit", limit.clone());
        }
        let strategy = if limit.is_some() {
            "constrained-heap"
        } else {
            "standard"
        };
        details.insert("strategy", strategy);
        self.cost += self.items * self.items.max(2.0).log2();
        self.push("SortNode", details);
    }

    fn limit(&mut self, offset: Option<&Expr>, count: Option<&Expr>, full_count: bool) {
        let constant = |expr: Option<&Expr>| match expr {
            Some(Expr::Const(value)) => value.clone(),
            _ => Value::Int(0),
        };
        let mut details = Object::new();
        details.insert("offset", constant(offset));
        details.insert("limit", constant(count));
        details.insert("fullCount", full_count);
        if let Some(count) = count.and(constant(count).as_f64()) {
            self.items = self.items.min(count);
        }
        self.push("LimitNode", details);
    }

    fn collect(&mut self, collect: &Collect) {
        let mut groups = Vec::new();
        for (var, value) in &collect.groups {
            let mut group = self.calculation("inVariable", value);
            group.insert("outVariable", self.variable(*var));
            groups.push(Value::object(group));
        }
        let aggregates = self.aggregates(&collect.aggregates);
        let mut options = Object::new();
        options.insert(
            "method",
            if collect.groups.is_empty() {
                "sorted"
            } else {
                "hash"
            },
        );
        let mut details = Object::new();
        details.insert("groups", groups);
        details.insert("aggregates", aggregates);
        if let Some((var, _)) = &collect.into {
            details.insert("outVariable", self.variable(*var));
        }
        details.insert("collectOptions", options);
        self.cost += self.items;
        self.items = if collect.groups.is_empty() {
            1.0
        } else {
            self.items.max(1.0) * 0.8
        };
        self.push("CollectNode", details);
    }

    fn window(&mut self, window: &Window) {
        let mut details = match &window.key {
            Some(key) => {
                let mut key = self.calculation("inVariable", key);
                let variable = key.remove("inVariable").unwrap_or_default();
                Object::from_iter([("rangeVariable", variable)])
            }
            None => Object::new(),
        };
        for (name, bound) in [
            ("preceding", window.preceding),
            ("following", window.following),
        ] {
            details.insert(name, bound_value(bound));
        }
        let aggregates = self.aggregates(&window.aggregates);
        details.insert("aggregates", aggregates);
        self.cost += self.items;
        self.push("WindowNode", details);
    }

    fn aggregates(&mut self, aggregates: &[(VarId, Aggregate, Option<Expr>)]) -> Vec<Value> {
        let mut shown = Vec::new();
        for (var, kind, argument) in aggregates {
            let mut aggregate = match argument {
                Some(argument) => self.calculation("inVariable", argument),
                None => Object::new(),
            };
            aggregate.insert("outVariable", self.variable(*var));
            aggregate.insert("type", kind.name());
            shown.push(Value::object(aggregate));
        }
        shown
    }

    fn modify(&mut self, modify: &Modify) {
        let mut details = self.calculation("inDocVariable", &modify.target);
        if let Some(with) = &modify.with {
            details = self.calculation("inDocVariable", with);
            details.insert(
                "inKeyVariable",
                expression::expression(self.plan, &modify.target),
            );
        }
        details.insert(
            "collection",
            &**self.plan.collection_name(modify.collection),
        );
        for (name, var) in [
            ("outVariableOld", modify.old),
            ("outVariableNew", modify.new),
        ] {
            if let Some(var) = var {
                details.insert(name, self.variable(var));
            }
        }
        self.cost += self.items;
        let kind = match modify.kind {
            ModifyKind::Insert => "InsertNode",
            ModifyKind::Update => "UpdateNode",
            ModifyKind::Replace => "ReplaceNode",
            ModifyKind::Remove => "RemoveNode",
        };
        self.push(kind, details);
    }

    fn upsert(&mut self, upsert: &Upsert) {
        self.subquery(upsert.search);
        let insert = self.calculation("insertVariable", &upsert.insert);
        let update = self.calculation("updateVariable", &upsert.update);
        let mut details: Object = insert.into_iter().chain(update).collect();
        details.insert(
            "collection",
            &**self.plan.collection_name(upsert.collection),
        );
        details.insert("inDocVariable", self.variable(upsert.old));
        if let Some(new) = upsert.new {
            details.insert("outVariableNew", self.variable(new));
        }
        details.insert("isReplace", upsert.replace);
        self.cost += self.items;
        self.push("UpsertNode", details);
    }
}

fn number_of(value: &Value) -> f64 {
    value.to_number().as_f64().unwrap_or(0.0)
}

/// How many elements a list has, where that is written down.
fn length_of(list: &Expr) -> f64 {
    match list {
        Expr::Once(_, list) => length_of(list),
        Expr::Const(Value::Array(items)) => items.len() as f64,
        Expr::Array(items) => items.len() as f64,
        Expr::Range(bounds) => match &**bounds {
            (Expr::Const(from), Expr::Const(to)) => {
                let distance = number_of(to) - number_of(from);
                distance.abs() + 1.0
            }
            _ => ITEMS_GUESSED,
        },
        _ => ITEMS_GUESSED,
    }
}

fn kind_of(value: &Expr) -> &'static str {
    match value {
        Expr::Const(_) | Expr::Bind(_) => "json",
        Expr::Path(..) => "attribute",
        _ => "simple",
    }
}

fn index_object(index: &database::Index) -> Value {
    let mut object = Object::new();
    object.insert("id", index.public_number());
    object.insert("type", index.type_name());
    object.insert("name", index.name());
    let fields: Vec<String> = index.fields().iter().map(ToString::to_string).collect();
    object.insert("fields", texts(fields.iter().map(String::as_str)));
    object.insert("unique", index.is_unique());
    object.insert("sparse", index.is_sparse());
    object.insert("selectivityEstimate", number(index.selectivity()));
    Value::object(object)
}

fn paths(projections: Option<&[Projection]>) -> Value {
    let path = |projection: &Projection| {
        let mut object = Object::new();
        let names = projection.names.iter();
        object.insert("path", texts(names.map(|name| &**name)));
        Value::object(object)
    };
    Value::array(projections.unwrap_or_default().iter().map(path).collect())
}
