//! The syntax tree as clients see it: the `ast` of `POST /_api/query`.
//!
//! Source of the shape: the example of that page of the public documentation. Types that no
//! example shows are named in its manner.

use std::sync::Arc;

use value::{Object, Value};

use super::Parsed;
use super::ast::{
    BinaryOp, Block, Collect, CollectInto, Expr, ExprKind, Modify, ModifyKind, Name, PropertyKey,
    Quantifier, Source, StatementKind, Target, UnaryOp, Upsert, UpsertSearch,
};

/// The tree of a text without diagnostics, from its root.
pub fn tree(parsed: &Parsed) -> Value {
    let mut writer = Writer {
        scope: Vec::new(),
        next_id: 0,
    };
    let mut nodes: Vec<Value> = parsed
        .with
        .iter()
        .map(|source| node("with", vec![writer.source(source)]))
        .collect();
    nodes.append(&mut writer.block(&parsed.block));
    node("root", nodes)
}

fn node(kind: &str, nodes: Vec<Value>) -> Value {
    let mut object = Object::new();
    object.insert("type", kind);
    if !nodes.is_empty() {
        object.insert("subNodes", nodes);
    }
    object.into()
}

fn named(kind: &str, name: &str, nodes: Vec<Value>) -> Value {
    let mut object = Object::new();
    object.insert("type", kind);
    object.insert("name", name);
    if !nodes.is_empty() {
        object.insert("subNodes", nodes);
    }
    object.into()
}

/// What stands where an optional part is missing.
fn nothing() -> Value {
    node("no-op", Vec::new())
}

struct Writer {
    /// The variables in scope with their numbers.
    scope: Vec<(Arc<str>, u64)>,
    next_id: u64,
}

impl Writer {
    fn block(&mut self, block: &Block) -> Vec<Value> {
        let outer = self.scope.len();
        let statements = block.statements.iter();
        let nodes = statements.map(|statement| self.statement(&statement.kind));
        let nodes = nodes.collect();
        self.scope.truncate(outer);
        nodes
    }

    fn statement(&mut self, kind: &StatementKind) -> Value {
        match kind {
            StatementKind::For {
                target,
                source,
                options,
            } => {
                let source = self.expression(source);
                let options = self.optional(options.as_ref());
                node("for", vec![self.target(target), source, options])
            }
            StatementKind::Filter(condition) => node("filter", vec![self.expression(condition)]),
            StatementKind::Sort(keys) => {
                let elements = keys.iter().map(|key| {
                    let order = Value::Bool(!key.descending);
                    let nodes = vec![self.expression(&key.value), literal(&order)];
                    node("sort element", nodes)
                });
                let elements = elements.collect();
                node("sort", vec![node("array", elements)])
            }
            StatementKind::Limit { offset, count } => {
                let offset = match offset {
                    Some(offset) => self.expression(offset),
                    None => literal(&Value::Int(0)),
                };
                let count = match count {
                    Some(count) => self.expression(count),
                    None => literal(&Value::Null),
                };
                node("limit", vec![offset, count])
            }
            StatementKind::Let(variables) => {
                let mut nodes = Vec::new();
                for (target, value) in variables {
                    let value = self.expression(value);
                    nodes.push(self.target(target));
                    nodes.push(value);
                }
                node("let", nodes)
            }
            StatementKind::Collect(collect) => self.collect(collect),
            StatementKind::Window(window) => {
                let key = self.optional(window.key.as_ref());
                let bounds = self.expression(&window.bounds);
                let aggregates = self.assignments(&window.aggregates);
                node("window", vec![bounds, key, aggregates])
            }
            StatementKind::Return { value, distinct } => {
                let value = self.expression(value);
                let value = match distinct {
                    true => node("distinct", vec![value]),
                    false => value,
                };
                node("return", vec![value])
            }
            StatementKind::Modify(modify) => self.modify(modify),
            StatementKind::Upsert(upsert) => self.upsert(upsert),
        }
    }

    fn modify(&mut self, modify: &Modify) -> Value {
        let kind = match modify.kind {
            ModifyKind::Insert => "insert",
            ModifyKind::Update => "update",
            ModifyKind::Replace => "replace",
            ModifyKind::Remove => "remove",
        };
        let nodes = vec![
            self.optional(modify.options.as_ref()),
            self.source(&modify.collection),
            self.expression(&modify.target),
            self.optional(modify.with.as_ref()),
        ];
        node(kind, nodes)
    }

    fn upsert(&mut self, upsert: &Upsert) -> Value {
        let (UpsertSearch::Example(search) | UpsertSearch::Filter(search)) = &upsert.search;
        let nodes = vec![
            self.optional(upsert.options.as_ref()),
            self.source(&upsert.collection),
            self.expression(search),
            self.expression(&upsert.insert),
            self.expression(&upsert.update),
        ];
        node("upsert", nodes)
    }

    fn collect(&mut self, collect: &Collect) -> Value {
        let groups = self.assignments(&collect.groups);
        let aggregates = self.assignments(&collect.aggregates);
        let (into, value) = match &collect.into {
            None => (nothing(), nothing()),
            Some(CollectInto::Value { variable, value }) => {
                let value = self.expression(value);
                (self.declare(variable), value)
            }
            Some(CollectInto::Variables { variable, keep }) => {
                let keep = keep.iter().flatten();
                let keep: Vec<Value> = keep.map(|name| self.reference(&name.text)).collect();
                (self.declare(variable), node("array", keep))
            }
            Some(CollectInto::Count { variable }) => {
                (self.declare(variable), node("collect count", Vec::new()))
            }
        };
        let options = self.optional(collect.options.as_ref());
        node("collect", vec![options, groups, aggregates, into, value])
    }

    fn assignments(&mut self, all: &[(Name, Expr)]) -> Value {
        let nodes = all.iter().map(|(name, value)| {
            let value = self.expression(value);
            node("assign", vec![self.declare(name), value])
        });
        let nodes = nodes.collect();
        node("array", nodes)
    }

    fn target(&mut self, target: &Target) -> Value {
        match target {
            Target::Name(name) => self.declare(name),
            Target::Array(items) => {
                let items = items.iter().map(|item| match item {
                    Some(item) => self.target(item),
                    None => nothing(),
                });
                let items = items.collect();
                node("destructuring array", items)
            }
            Target::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, member)| named("object element", name, vec![self.target(member)]));
                let members = members.collect();
                node("destructuring object", members)
            }
        }
    }

    fn declare(&mut self, name: &Name) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        self.scope.push((name.text.clone(), id));
        let mut object = Object::new();
        object.insert("type", "variable");
        object.insert("name", &*name.text);
        object.insert("id", id);
        object.into()
    }

    /// A name that is a variable's, or else a collection's.
    fn reference(&self, name: &str) -> Value {
        let known = self.scope.iter().rev().find(|(known, _)| &**known == name);
        let mut object = Object::new();
        let is_variable = known.is_some() || matches!(name, "OLD" | "NEW" | "CURRENT");
        object.insert(
            "type",
            if is_variable {
                "reference"
            } else {
                "collection"
            },
        );
        object.insert("name", name);
        if let Some((_, id)) = known {
            object.insert("id", *id);
        }
        object.into()
    }

    fn source(&self, source: &Source) -> Value {
        let kind = if source.is_bind {
            "data source parameter"
        } else {
            "collection"
        };
        named(kind, &source.name.text, Vec::new())
    }

    fn optional(&mut self, expr: Option<&Expr>) -> Value {
        expr.map_or_else(nothing, |expr| self.expression(expr))
    }

    fn expression(&mut self, expr: &Expr) -> Value {
        match &expr.kind {
            ExprKind::Error | ExprKind::Element => nothing(),
            ExprKind::Literal(value) => literal(value),
            ExprKind::Name(name) => self.reference(name),
            ExprKind::Bind(name) => named("parameter", name, Vec::new()),
            ExprKind::SourceBind(name) => named("data source parameter", name, Vec::new()),
            ExprKind::Subquery(block) => node("subquery", self.block(block)),
            ExprKind::Attribute(base, name) => {
                named("attribute access", name, vec![self.expression(base)])
            }
            ExprKind::BindAttribute(base, name) => {
                let name = named("parameter", name, Vec::new());
                node("bound attribute access", vec![self.expression(base), name])
            }
            ExprKind::Object(properties) => {
                let mut elements = Vec::new();
                for property in properties {
                    let value = self.expression(&property.value);
                    elements.push(match &property.key {
                        PropertyKey::Name(name) => named("object element", name, vec![value]),
                        PropertyKey::Bind(name) => {
                            let name = named("parameter", name, Vec::new());
                            node("calculated object element", vec![name, value])
                        }
                        PropertyKey::Computed(name) => {
                            let name = self.expression(name);
                            node("calculated object element", vec![name, value])
                        }
                    });
                }
                node("object", elements)
            }
            ExprKind::Call(name, arguments) => {
                let arguments = arguments.iter().map(|argument| self.expression(argument));
                let arguments = node("array", arguments.collect());
                let kind = if name.text.contains("::") {
                    "user function call"
                } else {
                    "function call"
                };
                named(kind, &name.text.to_ascii_uppercase(), vec![arguments])
            }
            other => {
                let mut nodes = Vec::new();
                expr.for_each_child(&mut |child| nodes.push(self.expression(child)));
                node(operator(other), nodes)
            }
        }
    }
}

fn literal(value: &Value) -> Value {
    let mut object = Object::new();
    object.insert("type", "value");
    object.insert("value", value.clone());
    object.into()
}

fn operator(kind: &ExprKind) -> &'static str {
    match kind {
        ExprKind::Array(_) => "array",
        ExprKind::Index(..) => "indexed access",
        ExprKind::Expand(_) => "expansion",
        ExprKind::Question(_) => "array filter",
        ExprKind::And(_) => "logical and",
        ExprKind::Or(_) => "logical or",
        ExprKind::Ternary(..) => "ternary",
        ExprKind::Range(..) => "range",
        ExprKind::Unary(UnaryOp::Not, _) => "unary not",
        ExprKind::Unary(UnaryOp::Minus, _) => "unary minus",
        ExprKind::Unary(UnaryOp::Plus, _) => "unary plus",
        ExprKind::Binary(op, ..) => binary(*op),
        ExprKind::ArrayCompare(compare) => match compare.quantifier {
            Quantifier::Any => "array compare any",
            Quantifier::All => "array compare all",
            Quantifier::None => "array compare none",
            Quantifier::AtLeast(_) | Quantifier::Exactly(_) => "array compare at least",
        },
        _ => "no-op",
    }
}

fn binary(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "plus",
        BinaryOp::Subtract => "minus",
        BinaryOp::Multiply => "times",
        BinaryOp::Divide => "division",
        BinaryOp::Modulo => "modulus",
        BinaryOp::Equal => "compare ==",
        BinaryOp::NotEqual => "compare !=",
        BinaryOp::Less => "compare <",
        BinaryOp::LessEqual => "compare <=",
        BinaryOp::Greater => "compare >",
        BinaryOp::GreaterEqual => "compare >=",
        BinaryOp::In => "compare in",
        BinaryOp::NotIn => "compare not in",
        BinaryOp::Like => "compare like",
        BinaryOp::NotLike => "compare not like",
        BinaryOp::Match => "compare =~",
        BinaryOp::NotMatch => "compare !~",
    }
}
