//! Statements that read.

use error_codes::codes;
use value::Value;

use super::{Binding, Lowerer};
use crate::error::{Error, Result};
use crate::functions;
use crate::plan::{Aggregate, Block, Collect, Expr, Key, Node, VarId};
use crate::syntax::ast::{self, CollectInto, ExprKind, Source, Statement, StatementKind, Target};

impl Lowerer<'_> {
    pub(super) fn statement(&mut self, statement: &Statement, block: &mut Block) -> Result<()> {
        match &statement.kind {
            StatementKind::For {
                target,
                source,
                options,
            } => self.for_loop(target, source, options.as_ref(), block),
            StatementKind::Filter(condition) => {
                let condition = self.expression(condition)?;
                push_filters(condition, &mut block.nodes);
                Ok(())
            }
            StatementKind::Sort(keys) => self.sort(keys, block),
            StatementKind::Limit { offset, count } => {
                let mut limit = |expr: &Option<ast::Expr>| {
                    expr.as_ref().map(|expr| self.limit_value(expr)).transpose()
                };
                let node = Node::Limit {
                    offset: limit(offset)?,
                    count: limit(count)?,
                    full_count: false,
                };
                block.nodes.push(node);
                Ok(())
            }
            StatementKind::Let(variables) => {
                for (target, value) in variables {
                    let value = self.expression(value)?;
                    let is_constant = self.is_constant(&value);
                    let constant = is_constant.then(|| value.clone());
                    let mut parts = Vec::new();
                    let out = self.declare_target(target, &mut parts)?;
                    self.constants.extend(constant.map(|value| (out, value)));
                    block.nodes.push(Node::Calculate { out, value });
                    block.nodes.append(&mut parts);
                }
                Ok(())
            }
            StatementKind::Collect(collect) => self.collect(collect, block),
            StatementKind::Window(window) => self.window(window, block),
            StatementKind::Return { value, distinct } => {
                let value = self.expression(value)?;
                if !distinct {
                    block.value = Some(value);
                    return Ok(());
                }
                let out = self.plan.add_variable("");
                block.nodes.push(Node::Calculate { out, value });
                block.nodes.push(Node::Distinct(out));
                block.value = Some(Expr::Var(out));
                Ok(())
            }
            StatementKind::Modify(modify) => self.modify(modify, block),
            StatementKind::Upsert(upsert) => self.upsert(upsert, block),
        }
    }

    fn for_loop(
        &mut self,
        target: &Target,
        source: &ast::Expr,
        options: Option<&ast::Expr>,
        block: &mut Block,
    ) -> Result<()> {
        let collection = match &source.kind {
            ExprKind::Name(name)
                if self.find_variable(name).is_none()
                    && (&**name != "CURRENT" || self.current.is_empty()) =>
            {
                Some((name.clone(), false))
            }
            ExprKind::SourceBind(name) => Some((name.clone(), true)),
            _ => None,
        };
        let Some((text, is_bind)) = collection else {
            let list = self.expression(source)?;
            self.list_options(options)?;
            self.loops += 1;
            let mut parts = Vec::new();
            let out = self.declare_target(target, &mut parts)?;
            block.nodes.push(Node::EnumerateList { list, out });
            block.nodes.append(&mut parts);
            return Ok(());
        };
        let source = Source {
            name: ast::Name {
                text,
                span: source.span,
            },
            is_bind,
        };
        let collection = self.collection(&source, false)?;
        self.note_read(collection)?;
        let hint = self.index_hint(options)?;
        self.loops += 1;
        let mut parts = Vec::new();
        let out = self.declare_target(target, &mut parts)?;
        block.nodes.push(Node::EnumerateCollection {
            collection,
            out,
            hint,
            filters: Vec::new(),
            join: None,
            projections: None,
        });
        block.nodes.append(&mut parts);
        Ok(())
    }

    /// Declares the variables of a target. The one that takes the whole value is the answer;
    /// `parts` gets the steps that take it apart.
    fn declare_target(&mut self, target: &Target, parts: &mut Vec<Node>) -> Result<VarId> {
        if let Target::Name(name) = target {
            return self.declare(name);
        }
        let whole = self.plan.add_variable("");
        self.take_apart(Expr::Var(whole), target, parts)?;
        Ok(whole)
    }

    fn take_apart(&mut self, value: Expr, target: &Target, parts: &mut Vec<Node>) -> Result<()> {
        match target {
            Target::Name(name) => {
                let out = self.declare(name)?;
                parts.push(Node::Calculate { out, value });
            }
            Target::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    if let Some(item) = item {
                        let element = element_of(value.clone(), at);
                        self.take_apart(element, item, parts)?;
                    }
                }
            }
            Target::Object(members) => {
                for (name, member) in members {
                    let attribute = Expr::attribute(value.clone(), name.clone());
                    self.take_apart(attribute, member, parts)?;
                }
            }
        }
        Ok(())
    }

    fn sort(&mut self, keys: &[ast::SortKey], block: &mut Block) -> Result<()> {
        let mut lowered = Vec::new();
        for key in keys {
            let value = self.expression(&key.value)?;
            if !value.is_const() {
                lowered.push((value, key.descending));
            }
        }
        if !lowered.is_empty() {
            block.nodes.push(Node::Sort {
                keys: lowered,
                limit: None,
            });
        } else if let Some(Node::Collect(collect)) = block.nodes.last_mut() {
            collect.sorted = false;
        }
        Ok(())
    }

    /// Whether a value can be computed before the query runs.
    fn is_constant(&self, value: &Expr) -> bool {
        self.plan.reads(value).is_empty()
            && !self.plan.has_subquery(value)
            && self.plan.is_pure(value)
    }

    /// The value of a `LIMIT` must not depend on rows; a variable may stand for a constant.
    fn limit_value(&mut self, expr: &ast::Expr) -> Result<Expr> {
        let mut value = self.expression(expr)?;
        self.inline_constants(&mut value);
        if !self.is_constant(&value) {
            return Err(Error::invalid(
                codes::QUERY_PARSE,
                "unexpected non-constant LIMIT value",
            ));
        }
        Ok(value)
    }

    fn inline_constants(&self, value: &mut Expr) {
        if let Expr::Var(var) = value {
            let mut constants = self.constants.iter();
            if let Some((_, constant)) = constants.find(|(known, _)| known == var) {
                *value = constant.clone();
            }
            return;
        }
        value.for_each_child_mut(&mut |child| self.inline_constants(child));
    }

    fn collect(&mut self, collect: &ast::Collect, block: &mut Block) -> Result<()> {
        let mut values = Vec::new();
        for (name, value) in &collect.groups {
            values.push((name, self.expression(value)?));
        }
        let mut aggregates = Vec::new();
        for (name, call) in &collect.aggregates {
            let outcome = self.aggregate(call);
            let (aggregate, argument) = self.locate(outcome, call.span)?;
            aggregates.push((name, aggregate, argument));
        }
        let into = self.collect_into(collect.into.as_ref())?;
        if let Some(options) = &collect.options {
            self.collect_options(options)?;
        }
        self.bindings.truncate(self.block_start);
        let mut node = Collect {
            groups: Vec::new(),
            aggregates: Vec::new(),
            into: None,
            sorted: true,
        };
        for (name, value) in values {
            node.groups.push((self.declare(name)?, value));
        }
        for (name, aggregate, argument) in aggregates {
            node.aggregates
                .push((self.declare(name)?, aggregate, argument));
        }
        match into {
            Some((name, Some(value))) => node.into = Some((self.declare(name)?, value)),
            Some((name, None)) => {
                node.aggregates
                    .push((self.declare(name)?, Aggregate::Length, None));
            }
            None => {}
        }
        block.nodes.push(Node::Collect(Box::new(node)));
        Ok(())
    }

    /// The variable and its element for a row; no element for `WITH COUNT INTO`.
    fn collect_into<'s>(
        &mut self,
        into: Option<&'s CollectInto>,
    ) -> Result<Option<(&'s ast::Name, Option<Expr>)>> {
        Ok(match into {
            None => None,
            Some(CollectInto::Count { variable }) => Some((variable, None)),
            Some(CollectInto::Value { variable, value }) => {
                Some((variable, Some(self.expression(value)?)))
            }
            Some(CollectInto::Variables { variable, keep }) => {
                let value = match keep {
                    Some(names) => self.kept_variables(names)?,
                    None => self.all_variables(),
                };
                Some((variable, Some(value)))
            }
        })
    }

    fn kept_variables(&mut self, names: &[ast::Name]) -> Result<Expr> {
        let mut properties = Vec::new();
        for name in names {
            let var = self.find_variable(&name.text).ok_or_else(|| {
                Error::invalid(
                    codes::QUERY_VARIABLE_NAME_UNKNOWN,
                    format!("unknown variable '{}'", name.text),
                )
            })?;
            properties.push((Key::Name(name.text.clone()), Expr::Var(var)));
        }
        Ok(Expr::Object(properties))
    }

    /// Variables from before the first `FOR` are left out, unless there is none.
    fn all_variables(&self) -> Expr {
        let wanted = |binding: &&Binding| binding.in_loop || self.loops == 0;
        let own = self.bindings.iter().skip(self.block_start).filter(wanted);
        let property =
            |binding: &Binding| (Key::Name(binding.name.clone()), Expr::Var(binding.var));
        Expr::Object(own.map(property).collect())
    }

    pub(super) fn aggregate(&mut self, call: &ast::Expr) -> Result<(Aggregate, Option<Expr>)> {
        let wrong = || Error::new_invalid(codes::QUERY_INVALID_AGGREGATE_EXPRESSION);
        let ExprKind::Call(name, arguments) = &call.kind else {
            return Err(wrong());
        };
        let upper = name.text.to_ascii_uppercase();
        let aggregate = Aggregate::find(&upper).ok_or_else(wrong)?;
        match arguments.as_slice() {
            [] if aggregate == Aggregate::Length => Ok((aggregate, None)),
            [argument] => {
                let argument = self.expression(argument)?;
                Ok((aggregate, Some(argument)))
            }
            _ => Err(Error::invalid(
                codes::QUERY_FUNCTION_ARGUMENT_NUMBER_MISMATCH,
                format!(
                    "invalid number of arguments for function '{upper}()', expected number of \
                     arguments: minimum: 1, maximum: 1"
                ),
            )),
        }
    }

    /// The variable that a name stands for, made anew.
    pub(super) fn rebind(&mut self, name: &str) -> VarId {
        let start = self.block_start;
        let mut at = 0;
        self.bindings.retain(|binding| {
            at += 1;
            at <= start || &*binding.name != name
        });
        self.bind_name(name)
    }
}

/// The element of an array; `null` of anything else, also of objects.
fn element_of(value: Expr, at: usize) -> Expr {
    let element = Expr::Index(Box::new((value.clone(), Expr::Const(at.into()))));
    match functions::find("IS_ARRAY") {
        Some(is_array) => Expr::Ternary(Box::new((
            Expr::Call(is_array, vec![value]),
            Some(element),
            Expr::Const(Value::Null),
        ))),
        None => element,
    }
}

/// One step for each part of a conjunction, so that each can be moved by itself.
pub(super) fn push_filters(condition: Expr, nodes: &mut Vec<Node>) {
    match condition {
        Expr::And(items) => items.into_iter().for_each(|item| push_filters(item, nodes)),
        Expr::Const(value) if Value::to_bool(&value) => {}
        condition => nodes.push(Node::Filter(condition)),
    }
}
