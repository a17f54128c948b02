//! Expressions.

use std::sync::Arc;

use error_codes::codes;
use value::{Object, Value};

use super::{Lowerer, unknown_collection, wrong_bind_type};
use crate::error::{Error, Result};
use crate::functions;
use crate::plan::{
    ArrayCompare, Expand, Expr, Key, Quantifier, Question, SubqueryId, SubqueryUse, UnaryOp,
};
use crate::syntax::ast::{self, ExprKind, PropertyKey};

/// Functions whose first argument may be the bare name of a collection.
const TAKE_COLLECTION: &[&str] = &[
    "COLLECTION_COUNT",
    "COUNT",
    "DOCUMENT",
    "FULLTEXT",
    "LENGTH",
    "NEAR",
    "SCHEMA_GET",
    "SHARD_ID",
    "WITHIN",
    "WITHIN_RECTANGLE",
];

/// Functions that read documents of any collection.
const READ_DOCUMENTS: &[&str] = &["DOCUMENT", "CALL", "APPLY"];

impl Lowerer<'_> {
    pub(super) fn expression(&mut self, expr: &ast::Expr) -> Result<Expr> {
        let outcome = self.lower_expression(expr);
        self.locate(outcome, expr.span)
    }

    fn lower_expression(&mut self, expr: &ast::Expr) -> Result<Expr> {
        match &expr.kind {
            ExprKind::Error => Err(Error::invalid(codes::QUERY_PARSE, "syntax error")),
            ExprKind::Literal(value) => Ok(Expr::Const(value.clone())),
            ExprKind::Name(name) => self.name(name),
            ExprKind::Bind(name) => self.bind(name),
            ExprKind::SourceBind(name) => {
                let name = self.source_bind(name)?;
                Err(self.collection_as_value(&name))
            }
            ExprKind::Array(items) => Ok(fold_array(self.all(items)?)),
            ExprKind::Object(properties) => self.object(properties),
            ExprKind::Attribute(base, name) => {
                Ok(Expr::attribute(self.expression(base)?, name.clone()))
            }
            ExprKind::BindAttribute(base, name) => self.bind_attribute(base, name),
            ExprKind::Index(base, index) => {
                let base = self.expression(base)?;
                match self.expression(index)? {
                    Expr::Const(Value::String(name)) => Ok(Expr::attribute(base, name)),
                    index => Ok(Expr::Index(Box::new((base, index)))),
                }
            }
            ExprKind::Expand(expand) => self.expand(expand),
            ExprKind::Question(question) => self.question(question),
            ExprKind::Element => Ok(Expr::Local(self.current.last().copied().unwrap_or(0))),
            ExprKind::Call(name, arguments) => self.call(name, arguments),
            ExprKind::Unary(op, operand) => Ok(fold_unary(*op, self.expression(operand)?)),
            ExprKind::Binary(op, left, right) => {
                let pair = (self.expression(left)?, self.expression(right)?);
                Ok(Expr::Binary(*op, Box::new(pair)))
            }
            ExprKind::And(items) => Ok(Expr::And(self.all(items)?)),
            ExprKind::Or(items) => Ok(Expr::Or(self.all(items)?)),
            ExprKind::ArrayCompare(compare) => Ok(Expr::ArrayCompare(Box::new(ArrayCompare {
                quantifier: self.quantifier(&compare.quantifier)?,
                op: compare.op,
                left: self.expression(&compare.left)?,
                right: self.expression(&compare.right)?,
            }))),
            ExprKind::Ternary(condition, yes, no) => {
                let condition = self.expression(condition)?;
                let yes = yes.as_ref().map(|yes| self.expression(yes)).transpose()?;
                Ok(Expr::Ternary(Box::new((
                    condition,
                    yes,
                    self.expression(no)?,
                ))))
            }
            ExprKind::Range(low, high) => {
                let pair = (self.expression(low)?, self.expression(high)?);
                Ok(Expr::Range(Box::new(pair)))
            }
            ExprKind::Subquery(block) => {
                let id = self.subquery(block)?;
                Ok(Expr::Subquery(id, SubqueryUse::Rows))
            }
        }
    }

    pub(super) fn subquery(&mut self, block: &ast::Block) -> Result<SubqueryId> {
        let block = self.block(block)?;
        self.plan.subqueries.push(block);
        Ok(SubqueryId(self.plan.subqueries.len() - 1))
    }

    fn all(&mut self, items: &[ast::Expr]) -> Result<Vec<Expr>> {
        items.iter().map(|item| self.expression(item)).collect()
    }

    fn name(&mut self, name: &Arc<str>) -> Result<Expr> {
        if let Some(var) = self.find_variable(name) {
            return Ok(Expr::Var(var));
        }
        if &**name == "CURRENT"
            && let Some(local) = self.current.last()
        {
            return Ok(Expr::Local(*local));
        }
        Err(self.collection_as_value(name))
    }

    fn collection_as_value(&self, name: &str) -> Error {
        if self.catalog.find_collection(name).is_none() {
            return unknown_collection(name);
        }
        Error::invalid(
            codes::QUERY_COLLECTION_USED_IN_EXPRESSION,
            format!("collection '{name}' used as expression operand"),
        )
    }

    fn bind(&mut self, name: &Arc<str>) -> Result<Expr> {
        if self.binds.get(name).is_none() {
            return Err(super::missing_bind(name));
        }
        let known = self.plan.binds.iter().position(|known| known == name);
        let at = known.unwrap_or_else(|| {
            self.plan.binds.push(name.clone());
            self.plan.binds.len() - 1
        });
        Ok(Expr::Bind(at))
    }

    /// `base.@name`: a text is one attribute, an array of texts is a path.
    fn bind_attribute(&mut self, base: &ast::Expr, name: &Arc<str>) -> Result<Expr> {
        let base = self.expression(base)?;
        match self.shape_bind(name)? {
            Value::String(attribute) => Ok(Expr::attribute(base, attribute)),
            Value::Array(path) if !path.is_empty() => {
                path.iter().try_fold(base, |base, step| match step {
                    Value::String(attribute) => Ok(Expr::attribute(base, attribute.clone())),
                    _ => Err(wrong_bind_type(name)),
                })
            }
            _ => Err(wrong_bind_type(name)),
        }
    }

    fn object(&mut self, properties: &[ast::Property]) -> Result<Expr> {
        let mut lowered = Vec::with_capacity(properties.len());
        for property in properties {
            let key = match &property.key {
                PropertyKey::Name(name) => Key::Name(name.clone()),
                PropertyKey::Bind(name) => Key::Computed(self.bind(name)?),
                PropertyKey::Computed(expr) => match self.expression(expr)? {
                    Expr::Const(value) => Key::Name(value.to_text()),
                    expr => Key::Computed(expr),
                },
            };
            lowered.push((key, self.expression(&property.value)?));
        }
        Ok(fold_object(lowered))
    }

    /// Lowers an expression in which `CURRENT` is the element of an array.
    fn with_current<T>(
        &mut self,
        local: usize,
        lower: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.current.push(local);
        let outer = std::mem::replace(&mut self.locals, local + 1);
        self.plan.locals_count = self.plan.locals_count.max(local + 1);
        let result = lower(self);
        self.locals = outer;
        self.current.pop();
        result
    }

    fn expand(&mut self, expand: &ast::Expand) -> Result<Expr> {
        let base = self.expression(&expand.base)?;
        let local = self.locals;
        let limit = match &expand.limit {
            Some((offset, count)) => {
                let offset = offset
                    .as_ref()
                    .map(|offset| self.expression(offset))
                    .transpose()?;
                Some((offset, self.expression(count)?))
            }
            None => None,
        };
        self.with_current(local, |this| {
            let mut optional = |expr: &Option<ast::Expr>| {
                expr.as_ref().map(|expr| this.expression(expr)).transpose()
            };
            Ok(Expr::Expand(Box::new(Expand {
                base,
                levels: expand.levels,
                local,
                filter: optional(&expand.filter)?,
                limit,
                value: optional(&expand.value)?,
                suffix: optional(&expand.suffix)?,
            })))
        })
    }

    fn question(&mut self, question: &ast::Question) -> Result<Expr> {
        let base = self.expression(&question.base)?;
        let quantifier = self.quantifier(&question.quantifier)?;
        let local = self.locals;
        self.with_current(local, |this| {
            let filter = question.filter.as_ref();
            Ok(Expr::Question(Box::new(Question {
                base,
                quantifier,
                local,
                filter: filter.map(|filter| this.expression(filter)).transpose()?,
            })))
        })
    }

    fn quantifier(&mut self, quantifier: &ast::Quantifier) -> Result<Quantifier> {
        Ok(match quantifier {
            ast::Quantifier::Any => Quantifier::Any,
            ast::Quantifier::All => Quantifier::All,
            ast::Quantifier::None => Quantifier::None,
            ast::Quantifier::AtLeast(count) => Quantifier::AtLeast(self.expression(count)?),
            ast::Quantifier::Exactly(count) => Quantifier::Exactly(self.expression(count)?),
        })
    }

    fn call(&mut self, name: &ast::Name, arguments: &[ast::Expr]) -> Result<Expr> {
        let upper = name.text.to_ascii_uppercase();
        if upper.contains("::") {
            return self.user_call(upper.into(), arguments);
        }
        let mut lowered = Vec::with_capacity(arguments.len());
        let mut upper = upper.as_str();
        for (at, argument) in arguments.iter().enumerate() {
            let collection = if at == 0 && TAKE_COLLECTION.contains(&upper) {
                self.collection_argument(argument)?
            } else {
                None
            };
            match collection {
                Some(collection) => {
                    if matches!(upper, "LENGTH" | "COUNT") {
                        upper = "COLLECTION_COUNT";
                    }
                    lowered.push(Expr::Const(Value::String(collection)));
                }
                None => lowered.push(self.expression(argument)?),
            }
        }
        let function = functions::find(upper).ok_or_else(|| {
            Error::invalid(
                codes::QUERY_FUNCTION_NAME_UNKNOWN,
                format!("usage of unknown function '{upper}()'"),
            )
        })?;
        if !function.takes(lowered.len()) {
            let max = function
                .max_args
                .map_or("unbounded".to_owned(), |max| max.to_string());
            return Err(Error::invalid(
                codes::QUERY_FUNCTION_ARGUMENT_NUMBER_MISMATCH,
                format!(
                    "invalid number of arguments for function '{upper}()', expected number of \
                     arguments: minimum: {}, maximum: {max}",
                    function.min_args
                ),
            ));
        }
        if READ_DOCUMENTS.contains(&upper) {
            self.reads_documents = true;
            if let Some(written) = self.written.first() {
                return Err(self.after_modification(*written));
            }
        }
        Ok(Expr::Call(function, lowered))
    }

    fn user_call(&mut self, name: Arc<str>, arguments: &[ast::Expr]) -> Result<Expr> {
        let arguments = self.all(arguments)?;
        let known = self.plan.user_functions.iter();
        if let Some(at) = known.clone().position(|known| *known == name) {
            return Ok(Expr::UserCall(at, arguments));
        }
        if !self.catalog.has_user_function(&name)? {
            return Err(unknown_function(&name));
        }
        self.plan.user_functions.push(name);
        Ok(Expr::UserCall(
            self.plan.user_functions.len() - 1,
            arguments,
        ))
    }

    /// The name of a collection given as a bare name or `@@bind`.
    fn collection_argument(&mut self, argument: &ast::Expr) -> Result<Option<Arc<str>>> {
        let name = match &argument.kind {
            ExprKind::Name(name) if self.find_variable(name).is_none() => name.clone(),
            ExprKind::SourceBind(name) => self.source_bind(name)?,
            _ => return Ok(None),
        };
        if &*name == "CURRENT" && !self.current.is_empty() {
            return Ok(None);
        }
        let collection = self.named_collection(&name, false)?;
        self.note_read(collection)?;
        Ok(Some(name))
    }
}

/// 1582 for a user-defined function.
pub(crate) fn unknown_function(name: &str) -> Error {
    Error::invalid(
        codes::QUERY_FUNCTION_NOT_FOUND,
        format!("user function '{name}()' not found"),
    )
}

fn fold_array(items: Vec<Expr>) -> Expr {
    let consts: Option<Vec<Value>> = items
        .iter()
        .map(|item| match item {
            Expr::Const(value) => Some(value.clone()),
            _ => None,
        })
        .collect();
    match consts {
        Some(values) => Expr::Const(Value::array(values)),
        None => Expr::Array(items),
    }
}

fn fold_object(properties: Vec<(Key, Expr)>) -> Expr {
    let consts: Option<Object> = properties
        .iter()
        .map(|property| match property {
            (Key::Name(name), Expr::Const(value)) => Some((name.clone(), value.clone())),
            _ => None,
        })
        .collect();
    match consts {
        Some(object) => Expr::Const(Value::object(object)),
        None => Expr::Object(properties),
    }
}

fn fold_unary(op: UnaryOp, operand: Expr) -> Expr {
    match (op, operand) {
        (UnaryOp::Minus, Expr::Const(Value::Int(number))) if number != i64::MIN && number != 0 => {
            Expr::Const(Value::Int(-number))
        }
        (UnaryOp::Minus, Expr::Const(Value::Double(number))) => Expr::Const(Value::Double(-number)),
        (op, operand) => Expr::Unary(op, Box::new(operand)),
    }
}
