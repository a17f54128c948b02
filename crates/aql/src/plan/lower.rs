//! From syntax tree to plan: names become slots, binds that decide the shape are filled in.

mod expression;
mod modify;
mod options;
mod statement;
mod window;

use std::sync::Arc;

use error_codes::codes;
use value::{Object, Value};

use super::{Block, Catalog, CollectionId, CollectionUse, Expr, Plan, VarId};
use crate::error::{Error, ErrorKind, Result};
use crate::queries::PlanLimits;
use crate::syntax::ast::{self, Source};
use crate::syntax::{self, Parsed};

/// What [`lower`] made.
pub struct Lowered {
    /// The plan, not yet optimised.
    pub plan: Plan,
    /// The binds whose values decided the plan's shape. It serves only for these values.
    pub shape_binds: Vec<Arc<str>>,
}

/// Makes a plan of a query that has no diagnostics.
///
/// # Errors
/// Unknown collections and functions, wrong use of names, missing or unsuitable binds.
pub fn lower(
    parsed: &Parsed,
    binds: &Object,
    catalog: &dyn Catalog,
    limits: &PlanLimits,
) -> Result<Lowered> {
    let mut lowerer = Lowerer {
        text: &parsed.text,
        limits,
        catalog,
        binds,
        plan: Plan::default(),
        shape_binds: Vec::new(),
        bindings: Vec::new(),
        constants: Vec::new(),
        block_start: 0,
        loops: 0,
        locals: 0,
        current: Vec::new(),
        read: Vec::new(),
        written: Vec::new(),
        reads_documents: false,
        nodes: 0,
    };
    for source in &parsed.with {
        lowerer.collection(source, false)?;
    }
    lowerer.plan.root = lowerer.block(&parsed.block)?;
    Ok(Lowered {
        plan: lowerer.plan,
        shape_binds: lowerer.shape_binds,
    })
}

/// A name that stands for a variable.
struct Binding {
    name: Arc<str>,
    var: VarId,
    /// Whether it was declared after a `FOR` of its block.
    in_loop: bool,
}

struct Lowerer<'a> {
    text: &'a str,
    limits: &'a PlanLimits,
    catalog: &'a dyn Catalog,
    binds: &'a Object,
    plan: Plan,
    shape_binds: Vec<Arc<str>>,
    bindings: Vec<Binding>,
    /// The variables whose values are known before the query runs, and those values.
    constants: Vec<(VarId, Expr)>,
    /// Where the bindings of the current block begin.
    block_start: usize,
    /// `FOR`s of the current block so far.
    loops: usize,
    /// Inline expressions around the current one.
    locals: usize,
    /// The locals that `CURRENT` and the element of a suffix stand for.
    current: Vec<usize>,
    read: Vec<CollectionId>,
    written: Vec<CollectionId>,
    /// Whether a function reads documents that the plan does not name.
    reads_documents: bool,
    nodes: usize,
}

impl Lowerer<'_> {
    fn block(&mut self, block: &ast::Block) -> Result<Block> {
        let outer_start = std::mem::replace(&mut self.block_start, self.bindings.len());
        let outer_loops = std::mem::replace(&mut self.loops, 0);
        let mut lowered = Block::default();
        for statement in &block.statements {
            let outcome = self.statement(statement, &mut lowered);
            self.locate(outcome, statement.span)?;
            let nodes_max = self.limits.nodes_max;
            if self.nodes + lowered.nodes.len() > nodes_max {
                return Err(too_large("nodes_max", nodes_max));
            }
            let variables_max = self.limits.variables_max;
            if self.plan.variables.len() > variables_max {
                return Err(too_large("variables_max", variables_max));
            }
        }
        self.nodes += lowered.nodes.len();
        self.bindings.truncate(self.block_start);
        self.block_start = outer_start;
        self.loops = outer_loops;
        Ok(lowered)
    }

    /// Says of an error where it lies, unless that is known.
    fn locate<T>(&self, outcome: Result<T>, span: ast::Span) -> Result<T> {
        outcome.map_err(|error| match error.position() {
            Some(_) => error,
            None => error.at(syntax::position(self.text, span.start as usize)),
        })
    }

    /// Declares a variable.
    fn declare(&mut self, name: &ast::Name) -> Result<VarId> {
        if self.find_variable(&name.text).is_some() {
            let message = format!("variable '{}' is assigned multiple times", name.text);
            let redeclared = Error::invalid(codes::QUERY_VARIABLE_REDECLARED, message);
            return self.locate(Err(redeclared), name.span);
        }
        Ok(self.bind_name(&name.text))
    }

    /// Makes a name stand for a new variable, whatever it stood for before.
    fn bind_name(&mut self, name: &str) -> VarId {
        let var = self.plan.add_variable(name);
        self.bind_var(name, var);
        var
    }

    fn bind_var(&mut self, name: &str, var: VarId) {
        self.bindings.push(Binding {
            name: name.into(),
            var,
            in_loop: self.loops > 0,
        });
    }

    fn find_variable(&self, name: &str) -> Option<VarId> {
        let mut found = self.bindings.iter().rev();
        found
            .find(|binding| &*binding.name == name)
            .map(|binding| binding.var)
    }

    /// Resolves a collection and notes what is done to it.
    fn collection(&mut self, source: &Source, write: bool) -> Result<CollectionId> {
        let name = if source.is_bind {
            self.source_bind(&source.name.text)?
        } else {
            source.name.text.clone()
        };
        let outcome = self.named_collection(&name, write);
        self.locate(outcome, source.name.span)
    }

    fn named_collection(&mut self, name: &Arc<str>, write: bool) -> Result<CollectionId> {
        let known = self.plan.collections.iter_mut().enumerate();
        for (at, collection) in known {
            if collection.name == *name {
                collection.is_written |= write;
                return Ok(CollectionId(at));
            }
        }
        if self.catalog.find_collection(name).is_none() {
            return Err(unknown_collection(name));
        }
        let max = self.limits.collections_max;
        if self.plan.collections.len() >= max {
            let code = codes::QUERY_TOO_MANY_COLLECTIONS;
            let message = format!("{}: collections_max is {max}", code.text());
            return Err(Error::with_message(ErrorKind::Limit, code, message));
        }
        self.plan.collections.push(CollectionUse {
            name: name.clone(),
            is_written: write,
            is_exclusive: false,
        });
        Ok(CollectionId(self.plan.collections.len() - 1))
    }

    /// Notes that a collection is read; what was written before cannot be read.
    fn note_read(&mut self, collection: CollectionId) -> Result<()> {
        if self.written.contains(&collection) {
            return Err(self.after_modification(collection));
        }
        self.read.push(collection);
        Ok(())
    }

    fn after_modification(&self, collection: CollectionId) -> Error {
        let name = self.plan.collection_name(collection);
        let text = codes::QUERY_ACCESS_AFTER_MODIFICATION
            .text()
            .replace("%s", name);
        Error::invalid(codes::QUERY_ACCESS_AFTER_MODIFICATION, text)
    }

    /// The value of a bind whose value decides the plan's shape.
    fn shape_bind(&mut self, name: &Arc<str>) -> Result<Value> {
        let value = self.binds.get(name).ok_or_else(|| missing_bind(name))?;
        if !self.shape_binds.contains(name) {
            self.shape_binds.push(name.clone());
        }
        Ok(value.clone())
    }

    /// The collection name of `@@name`.
    fn source_bind(&mut self, name: &str) -> Result<Arc<str>> {
        let key: Arc<str> = format!("@{name}").into();
        match self.shape_bind(&key)? {
            Value::String(text) => Ok(text),
            _ => Err(wrong_bind_type(&key)),
        }
    }
}

fn too_large(setting: &str, max: usize) -> Error {
    let code = codes::QUERY_TOO_MUCH_NESTING;
    let message = format!("{}: {setting} is {max}", code.text());
    Error::with_message(ErrorKind::Limit, code, message)
}

pub(crate) use expression::unknown_function;

pub(crate) fn unknown_collection(name: &str) -> Error {
    let code = codes::ARANGO_DATA_SOURCE_NOT_FOUND;
    Error::invalid(code, format!("{}: {name}", code.text()))
}

pub(crate) fn missing_bind(name: &str) -> Error {
    Error::invalid(
        codes::QUERY_BIND_PARAMETER_MISSING,
        format!("no value specified for declared bind parameter '{name}'"),
    )
}

fn wrong_bind_type(name: &str) -> Error {
    Error::invalid(
        codes::QUERY_BIND_PARAMETER_TYPE,
        format!("bind parameter '{name}' has an invalid value or type"),
    )
}
