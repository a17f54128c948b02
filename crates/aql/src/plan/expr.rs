//! Expressions with names resolved: variables are slots, functions are pointers.

use std::sync::Arc;

use value::Value;

use crate::functions::Function;
pub use crate::syntax::ast::{BinaryOp, UnaryOp};

/// A variable of the plan; also its slot in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarId(pub u32);

impl VarId {
    /// The slot.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A subquery of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubqueryId(pub usize);

/// What of a subquery's rows is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubqueryUse {
    /// All rows as an array.
    Rows,
    /// The first row, `null` without one.
    First,
    /// The number of rows.
    Count,
}

/// An expression ready to be evaluated.
#[derive(Clone)]
pub enum Expr {
    /// A value known when the plan is made.
    Const(Value),
    /// A bind value, by position among the plan's value binds.
    Bind(usize),
    /// A variable.
    Var(VarId),
    /// Attributes of a variable, one inside the other.
    Path(VarId, Arc<[Arc<str>]>),
    /// The element of an inline expression, by nesting depth.
    Local(usize),
    /// `base.name`
    Attribute(Box<Expr>, Arc<str>),
    /// `base[index]`
    Index(Box<(Expr, Expr)>),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// `{a: b}`
    Object(Vec<(Key, Expr)>),
    /// `!a`, `-a`, `+a`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b` and the like
    Binary(BinaryOp, Box<(Expr, Expr)>),
    /// `a && b && c`
    And(Vec<Expr>),
    /// `a || b || c`
    Or(Vec<Expr>),
    /// `a ? b : c`
    Ternary(Box<(Expr, Option<Expr>, Expr)>),
    /// `a..b`
    Range(Box<(Expr, Expr)>),
    /// `NAME(...)`
    Call(&'static Function, Vec<Expr>),
    /// `NAMESPACE::NAME(...)`, by position among the plan's user-defined functions.
    UserCall(usize, Vec<Expr>),
    /// `a ALL == b`
    ArrayCompare(Box<ArrayCompare>),
    /// `a[* ...]`
    Expand(Box<Expand>),
    /// `a[? ...]`
    Question(Box<Question>),
    /// `(FOR ...)`
    Subquery(SubqueryId, SubqueryUse),
    /// An expression that gives the same value throughout the query: evaluated when first needed.
    Once(usize, Box<Expr>),
}

/// The name of an attribute in an object literal.
#[derive(Clone)]
pub enum Key {
    /// Written down.
    Name(Arc<str>),
    /// Computed.
    Computed(Expr),
}

/// How many elements must match.
#[derive(Clone)]
pub enum Quantifier {
    /// At least one.
    Any,
    /// Each.
    All,
    /// Not one.
    None,
    /// As many or more.
    AtLeast(Expr),
    /// A number or a range of numbers.
    Exactly(Expr),
}

/// `left ALL == right`
#[derive(Clone)]
pub struct ArrayCompare {
    /// How many.
    pub quantifier: Quantifier,
    /// The comparison.
    pub op: BinaryOp,
    /// The array.
    pub left: Expr,
    /// What elements are compared with.
    pub right: Expr,
}

/// `base[* FILTER .. LIMIT .. RETURN ..]suffix`
#[derive(Clone)]
pub struct Expand {
    /// The array.
    pub base: Expr,
    /// The number of stars.
    pub levels: u16,
    /// Which local holds the element.
    pub local: usize,
    /// `FILTER`
    pub filter: Option<Expr>,
    /// `LIMIT offset, count`
    pub limit: Option<(Option<Expr>, Expr)>,
    /// `RETURN`
    pub value: Option<Expr>,
    /// Applied to each result, which is in `local`.
    pub suffix: Option<Expr>,
}

/// `base[? quantifier FILTER ..]`
#[derive(Clone)]
pub struct Question {
    /// The array.
    pub base: Expr,
    /// How many.
    pub quantifier: Quantifier,
    /// Which local holds the element.
    pub local: usize,
    /// `FILTER`
    pub filter: Option<Expr>,
}

impl Expr {
    /// Calls `visit` with each direct child; subqueries are not entered.
    pub fn for_each_child(&self, visit: &mut dyn FnMut(&Expr)) {
        match self {
            Expr::Const(_)
            | Expr::Bind(_)
            | Expr::Var(_)
            | Expr::Path(..)
            | Expr::Local(_)
            | Expr::Subquery(..) => {}
            Expr::Attribute(base, _) | Expr::Unary(_, base) | Expr::Once(_, base) => visit(base),
            Expr::Index(pair) | Expr::Binary(_, pair) | Expr::Range(pair) => {
                visit(&pair.0);
                visit(&pair.1);
            }
            Expr::Array(items)
            | Expr::And(items)
            | Expr::Or(items)
            | Expr::Call(_, items)
            | Expr::UserCall(_, items) => items.iter().for_each(visit),
            Expr::Object(properties) => {
                for (key, value) in properties {
                    if let Key::Computed(key) = key {
                        visit(key);
                    }
                    visit(value);
                }
            }
            Expr::Ternary(parts) => {
                visit(&parts.0);
                parts.1.iter().for_each(&mut *visit);
                visit(&parts.2);
            }
            Expr::ArrayCompare(compare) => {
                compare
                    .quantifier
                    .operand()
                    .into_iter()
                    .for_each(&mut *visit);
                visit(&compare.left);
                visit(&compare.right);
            }
            Expr::Expand(expand) => {
                visit(&expand.base);
                expand.parts().for_each(visit);
            }
            Expr::Question(question) => {
                visit(&question.base);
                question
                    .quantifier
                    .operand()
                    .into_iter()
                    .for_each(&mut *visit);
                question.filter.iter().for_each(visit);
            }
        }
    }

    /// Calls `visit` with each direct child, to be changed.
    pub fn for_each_child_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match self {
            Expr::Const(_)
            | Expr::Bind(_)
            | Expr::Var(_)
            | Expr::Path(..)
            | Expr::Local(_)
            | Expr::Subquery(..) => {}
            Expr::Attribute(base, _) | Expr::Unary(_, base) | Expr::Once(_, base) => visit(base),
            Expr::Index(pair) | Expr::Binary(_, pair) | Expr::Range(pair) => {
                visit(&mut pair.0);
                visit(&mut pair.1);
            }
            Expr::Array(items)
            | Expr::And(items)
            | Expr::Or(items)
            | Expr::Call(_, items)
            | Expr::UserCall(_, items) => items.iter_mut().for_each(visit),
            Expr::Object(properties) => {
                for (key, value) in properties {
                    if let Key::Computed(key) = key {
                        visit(key);
                    }
                    visit(value);
                }
            }
            Expr::Ternary(parts) => {
                visit(&mut parts.0);
                parts.1.iter_mut().for_each(&mut *visit);
                visit(&mut parts.2);
            }
            Expr::ArrayCompare(compare) => {
                compare
                    .quantifier
                    .operand_mut()
                    .into_iter()
                    .for_each(&mut *visit);
                visit(&mut compare.left);
                visit(&mut compare.right);
            }
            Expr::Expand(expand) => {
                visit(&mut expand.base);
                let (offset, count) = match &mut expand.limit {
                    Some((offset, count)) => (offset.as_mut(), Some(count)),
                    None => (None, None),
                };
                [
                    expand.filter.as_mut(),
                    offset,
                    count,
                    expand.value.as_mut(),
                    expand.suffix.as_mut(),
                ]
                .into_iter()
                .flatten()
                .for_each(visit);
            }
            Expr::Question(question) => {
                visit(&mut question.base);
                question
                    .quantifier
                    .operand_mut()
                    .into_iter()
                    .for_each(&mut *visit);
                question.filter.iter_mut().for_each(visit);
            }
        }
    }

    /// The variable and the attribute names of `variable.a.b`; no names for a bare variable.
    pub fn as_path(&self) -> Option<(VarId, &[Arc<str>])> {
        match self {
            Expr::Var(var) => Some((*var, &[])),
            Expr::Path(var, names) => Some((*var, names)),
            _ => None,
        }
    }

    /// Whether the value does not depend on rows.
    pub fn is_const(&self) -> bool {
        matches!(self, Expr::Const(_) | Expr::Bind(_) | Expr::Once(..))
    }

    /// `base.name`, flattened where the base is a variable or path.
    pub fn attribute(base: Expr, name: Arc<str>) -> Expr {
        match base {
            Expr::Var(var) => Expr::Path(var, [name].into()),
            Expr::Path(var, names) => {
                let longer: Vec<_> = names.iter().cloned().chain([name]).collect();
                Expr::Path(var, longer.into())
            }
            other => Expr::Attribute(other.into(), name),
        }
    }
}

impl Expand {
    /// Everything that is evaluated for an element.
    fn parts(&self) -> impl Iterator<Item = &Expr> {
        let (offset, count) = match &self.limit {
            Some((offset, count)) => (offset.as_ref(), Some(count)),
            None => (None, None),
        };
        [
            self.filter.as_ref(),
            offset,
            count,
            self.value.as_ref(),
            self.suffix.as_ref(),
        ]
        .into_iter()
        .flatten()
    }
}

impl Quantifier {
    /// The number, if there is one.
    pub fn operand(&self) -> Option<&Expr> {
        match self {
            Quantifier::AtLeast(count) | Quantifier::Exactly(count) => Some(count),
            _ => None,
        }
    }

    fn operand_mut(&mut self) -> Option<&mut Expr> {
        match self {
            Quantifier::AtLeast(count) | Quantifier::Exactly(count) => Some(count),
            _ => None,
        }
    }
}
