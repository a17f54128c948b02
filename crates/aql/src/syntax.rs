//! From query text to syntax tree and diagnostics.
//!
//! Invalid text is not an error here: [`parse`] returns what it understood and says what is wrong
//! with the rest. It knows nothing of collections, functions or bind values.

pub mod ast;
mod diagnostic;
mod expression;
mod parser;
mod statement;
#[cfg(test)]
mod tests;
mod token;
mod tree;

use std::collections::BTreeSet;
use std::sync::Arc;

use error_codes::codes;

pub use diagnostic::{Diagnostic, position};
pub use tree::tree;

use ast::{
    Block, CollectInto, Expr, ExprKind, PropertyKey, Source, Span, StatementKind, UpsertSearch,
};
use parser::Parser;

/// What [`parse`] understood.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The text.
    pub text: Arc<str>,
    /// The statements.
    pub block: Block,
    /// The collections that a leading `WITH` declares.
    pub with: Vec<Source>,
    /// What is wrong, in the order of the text; empty for a query that can be planned.
    pub diagnostics: Vec<Diagnostic>,
    /// The names of bind parameters; those of data sources begin with `@`.
    pub bind_parameters: BTreeSet<Arc<str>>,
}

/// Parses a query whose expressions nest at most `nesting_max` deep
/// ([`crate::PlanLimits::nesting_max`]).
pub fn parse(text: &str, nesting_max: u16) -> Parsed {
    let mut parser = Parser::new(text, nesting_max);
    let with = parser.with_clause();
    let block = if parser.peek() == token::Kind::End && with.is_empty() {
        let span = Span::default();
        parser.report(codes::QUERY_EMPTY, "query is empty", span);
        Block::default()
    } else {
        parser.block(false)
    };
    let mut bind_parameters = BTreeSet::new();
    collect_binds(&block, &mut bind_parameters);
    for source in with.iter().filter(|source| source.is_bind) {
        bind_parameters.insert(format!("@{}", source.name.text).into());
    }
    Parsed {
        text: text.into(),
        block,
        with,
        diagnostics: parser.diagnostics,
        bind_parameters,
    }
}

impl Parsed {
    /// The names that can only be collections' names: those that no variable has and that stand
    /// where a collection may stand.
    pub fn collections(&self) -> BTreeSet<Arc<str>> {
        let mut names = Names::default();
        names.visit_block(&self.block);
        let named = self.with.iter().filter(|source| !source.is_bind);
        names
            .used
            .extend(named.map(|source| source.name.text.clone()));
        names.used.difference(&names.variables).cloned().collect()
    }
}

/// Names by what they may stand for.
#[derive(Default)]
struct Names {
    variables: BTreeSet<Arc<str>>,
    used: BTreeSet<Arc<str>>,
}

impl Names {
    fn visit_block(&mut self, block: &Block) {
        for statement in &block.statements {
            match &statement.kind {
                StatementKind::For { target, source, .. } => {
                    self.declare_target(target);
                    if let ExprKind::Name(name) = &source.kind {
                        self.used.insert(name.clone());
                    }
                }
                StatementKind::Let(variables) => {
                    variables
                        .iter()
                        .for_each(|(target, _)| self.declare_target(target));
                }
                StatementKind::Window(window) => self.declare(&window.aggregates),
                StatementKind::Collect(collect) => {
                    self.declare(&collect.groups);
                    self.declare(&collect.aggregates);
                    if let Some(into) = &collect.into {
                        self.variables.insert(into.variable().text.clone());
                    }
                }
                StatementKind::Modify(modify) => self.write(&modify.collection),
                StatementKind::Upsert(upsert) => self.write(&upsert.collection),
                _ => {}
            }
        }
        visit_expressions(block, &mut |expr| self.visit_expression(expr));
    }

    fn declare(&mut self, variables: &[(ast::Name, Expr)]) {
        let names = variables.iter().map(|(name, _)| name.text.clone());
        self.variables.extend(names);
    }

    fn declare_target(&mut self, target: &ast::Target) {
        target.for_each_name(&mut |name| {
            self.variables.insert(name.text.clone());
        });
    }

    fn write(&mut self, source: &Source) {
        if !source.is_bind {
            self.used.insert(source.name.text.clone());
        }
    }

    fn visit_expression(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Subquery(block) => self.visit_block(block),
            // Some functions take a collection first.
            ExprKind::Call(_, arguments) => {
                if let Some(ExprKind::Name(name)) = arguments.first().map(|first| &first.kind) {
                    self.used.insert(name.clone());
                }
            }
            _ => {}
        }
        expr.for_each_child(&mut |child| self.visit_expression(child));
    }
}

fn collect_binds(block: &Block, names: &mut BTreeSet<Arc<str>>) {
    let source_bind = |source: &Source, names: &mut BTreeSet<Arc<str>>| {
        if source.is_bind {
            names.insert(format!("@{}", source.name.text).into());
        }
    };
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Modify(modify) => source_bind(&modify.collection, names),
            StatementKind::Upsert(upsert) => source_bind(&upsert.collection, names),
            _ => {}
        }
    }
    visit_expressions(block, &mut |expr| collect_expression_binds(expr, names));
}

fn collect_expression_binds(expr: &Expr, names: &mut BTreeSet<Arc<str>>) {
    match &expr.kind {
        ExprKind::Bind(name) | ExprKind::BindAttribute(_, name) => {
            names.insert(name.clone());
        }
        ExprKind::SourceBind(name) => {
            names.insert(format!("@{name}").into());
        }
        ExprKind::Object(properties) => {
            for property in properties {
                if let PropertyKey::Bind(name) = &property.key {
                    names.insert(name.clone());
                }
            }
        }
        ExprKind::Subquery(block) => collect_binds(block, names),
        _ => {}
    }
    expr.for_each_child(&mut |child| collect_expression_binds(child, names));
}

/// Calls `visit` with each expression that stands directly in a statement of the block.
pub(crate) fn visit_expressions<'b>(block: &'b Block, visit: &mut dyn FnMut(&'b Expr)) {
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::For {
                source, options, ..
            } => {
                visit(source);
                options.iter().for_each(&mut *visit);
            }
            StatementKind::Filter(condition) => visit(condition),
            StatementKind::Sort(keys) => keys.iter().for_each(|key| visit(&key.value)),
            StatementKind::Limit { offset, count } => {
                offset.iter().chain(count).for_each(&mut *visit);
            }
            StatementKind::Let(variables) => variables.iter().for_each(|(_, value)| visit(value)),
            StatementKind::Collect(collect) => {
                let all = collect.groups.iter().chain(&collect.aggregates);
                all.for_each(|(_, value)| visit(value));
                if let Some(CollectInto::Value { value, .. }) = &collect.into {
                    visit(value);
                }
                collect.options.iter().for_each(&mut *visit);
            }
            StatementKind::Window(window) => {
                window.key.iter().for_each(&mut *visit);
                visit(&window.bounds);
                window.aggregates.iter().for_each(|(_, call)| visit(call));
            }
            StatementKind::Return { value, .. } => visit(value),
            StatementKind::Modify(modify) => {
                visit(&modify.target);
                modify
                    .with
                    .iter()
                    .chain(&modify.options)
                    .for_each(&mut *visit);
            }
            StatementKind::Upsert(upsert) => {
                match &upsert.search {
                    UpsertSearch::Example(expr) | UpsertSearch::Filter(expr) => visit(expr),
                }
                visit(&upsert.insert);
                visit(&upsert.update);
                upsert.options.iter().for_each(&mut *visit);
            }
        }
    }
}
