//! The syntax tree of a query.
//!
//! Nodes own their children. Each expression knows its height, so that no later pass has to fear
//! for its stack.

use std::sync::Arc;

/// A range of bytes of the query text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The range from the start of one span to the end of another.
    pub fn to(self, end: Span) -> Span {
        Span {
            start: self.start,
            end: end.end,
        }
    }
}

/// A name with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name without quotes.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// A collection as the query names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name, or the bind parameter's name without `@@`.
    pub name: Name,
    /// Whether the name comes from a bind parameter.
    pub is_bind: bool,
}

/// The statements of a query or subquery.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// The statements in order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of statements.
#[derive(Debug, Clone)]
pub enum StatementKind {
    /// `FOR target IN source`
    For {
        /// The loop variable, or the pattern that its value is taken apart by.
        target: Target,
        /// A collection or anything that gives an array.
        source: Expr,
        /// `OPTIONS`
        options: Option<Expr>,
    },
    /// `FILTER condition`
    Filter(Expr),
    /// `SORT key [ASC|DESC], ...`
    Sort(Vec<SortKey>),
    /// `LIMIT [offset,] count`; a count of `None` is unlimited.
    Limit {
        /// Rows to skip.
        offset: Option<Expr>,
        /// Rows to pass.
        count: Option<Expr>,
    },
    /// `LET target = value, ...`
    Let(Vec<(Target, Expr)>),
    /// `COLLECT`
    Collect(Box<Collect>),
    /// `WINDOW`
    Window(Box<Window>),
    /// `RETURN [DISTINCT] value`
    Return {
        /// The row.
        value: Expr,
        /// Whether equal rows are returned once.
        distinct: bool,
    },
    /// `INSERT`, `UPDATE`, `REPLACE`, `REMOVE`
    Modify(Box<Modify>),
    /// `UPSERT`
    Upsert(Box<Upsert>),
}

/// What takes the value of a `FOR` or `LET`.
#[derive(Debug, Clone)]
pub enum Target {
    /// A variable.
    Name(Name),
    /// `[a, , b]`: elements by place; holes skip.
    Array(Vec<Option<Target>>),
    /// `{a, b: c}`: attributes by name.
    Object(Vec<(Arc<str>, Target)>),
}

impl Target {
    /// Calls `visit` with each variable that is declared.
    pub fn for_each_name<'t>(&'t self, visit: &mut dyn FnMut(&'t Name)) {
        match self {
            Target::Name(name) => visit(name),
            Target::Array(items) => {
                let items = items.iter().flatten();
                items.for_each(|item| item.for_each_name(visit));
            }
            Target::Object(members) => {
                let members = members.iter();
                members.for_each(|(_, member)| member.for_each_name(visit));
            }
        }
    }
}

/// One key of a `SORT`.
#[derive(Debug, Clone)]
pub struct SortKey {
    /// What to sort by.
    pub value: Expr,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// `COLLECT groups AGGREGATE aggregates INTO into`
#[derive(Debug, Clone)]
pub struct Collect {
    /// `name = value`
    pub groups: Vec<(Name, Expr)>,
    /// `name = FUNCTION(argument)`
    pub aggregates: Vec<(Name, Expr)>,
    /// `INTO`
    pub into: Option<CollectInto>,
    /// `OPTIONS`
    pub options: Option<Expr>,
}

/// `WINDOW [key WITH] bounds AGGREGATE aggregates`
#[derive(Debug, Clone)]
pub struct Window {
    /// What rows are compared by; `None` where neighbours are counted.
    pub key: Option<Expr>,
    /// `{preceding: .., following: ..}`
    pub bounds: Expr,
    /// `name = FUNCTION(argument)`
    pub aggregates: Vec<(Name, Expr)>,
}

/// What a `COLLECT` keeps of the rows of a group.
#[derive(Debug, Clone)]
pub enum CollectInto {
    /// `INTO variable [KEEP ...]`: an object of variables a row.
    Variables {
        /// The variable that holds the array.
        variable: Name,
        /// The variables to keep; `None` keeps all.
        keep: Option<Vec<Name>>,
    },
    /// `INTO variable = value`
    Value {
        /// The variable that holds the array.
        variable: Name,
        /// The array's element for a row.
        value: Expr,
    },
    /// `WITH COUNT INTO variable`
    Count {
        /// The variable that holds the number of rows.
        variable: Name,
    },
}

impl CollectInto {
    /// The variable that holds the array or number.
    pub fn variable(&self) -> &Name {
        match self {
            CollectInto::Variables { variable, .. }
            | CollectInto::Value { variable, .. }
            | CollectInto::Count { variable } => variable,
        }
    }
}

/// Which statement writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModifyKind {
    /// `INSERT`
    Insert,
    /// `UPDATE`
    Update,
    /// `REPLACE`
    Replace,
    /// `REMOVE`
    Remove,
}

/// `INSERT`, `UPDATE`, `REPLACE`, `REMOVE`
#[derive(Debug, Clone)]
pub struct Modify {
    /// Which one.
    pub kind: ModifyKind,
    /// The document or key.
    pub target: Expr,
    /// The attributes of `WITH`.
    pub with: Option<Expr>,
    /// The collection written to.
    pub collection: Source,
    /// `OPTIONS`
    pub options: Option<Expr>,
}

/// `UPSERT search INSERT insert UPDATE update IN collection`
#[derive(Debug, Clone)]
pub struct Upsert {
    /// An object to look for, or a condition over `CURRENT`.
    pub search: UpsertSearch,
    /// The document to insert when nothing was found.
    pub insert: Expr,
    /// What to change in the document found.
    pub update: Expr,
    /// Whether the document found is replaced.
    pub replace: bool,
    /// The collection written to.
    pub collection: Source,
    /// `OPTIONS`
    pub options: Option<Expr>,
}

/// How an `UPSERT` looks for a document.
#[derive(Debug, Clone)]
pub enum UpsertSearch {
    /// All attributes of an object literal equal.
    Example(Expr),
    /// A condition over `CURRENT`.
    Filter(Expr),
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
    /// The number of nodes on its longest path downwards.
    pub height: u16,
}

/// The kinds of expressions.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A place where the text is wrong; there is a diagnostic.
    Error,
    /// A literal.
    Literal(value::Value),
    /// A variable or collection.
    Name(Arc<str>),
    /// `@name`
    Bind(Arc<str>),
    /// `@@name`
    SourceBind(Arc<str>),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// `{a: b}`
    Object(Vec<Property>),
    /// `base.name`
    Attribute(Box<Expr>, Arc<str>),
    /// `base.@name`
    BindAttribute(Box<Expr>, Arc<str>),
    /// `base[index]`
    Index(Box<Expr>, Box<Expr>),
    /// `base[* ...]`
    Expand(Box<Expand>),
    /// `base[? ...]`
    Question(Box<Question>),
    /// The element that the suffix of an expansion starts from.
    Element,
    /// `NAME(argument, ...)`
    Call(Name, Vec<Expr>),
    /// `!a`, `-a`, `+a`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b` and the like
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `a && b && c`
    And(Vec<Expr>),
    /// `a || b || c`
    Or(Vec<Expr>),
    /// `a ALL == b`
    ArrayCompare(Box<ArrayCompare>),
    /// `a ? b : c`; without `b` the condition itself is the answer.
    Ternary(Box<Expr>, Option<Box<Expr>>, Box<Expr>),
    /// `a..b`
    Range(Box<Expr>, Box<Expr>),
    /// `(FOR ... RETURN ...)`
    Subquery(Box<Block>),
}

/// One attribute of an object literal.
#[derive(Debug, Clone)]
pub struct Property {
    /// Its name.
    pub key: PropertyKey,
    /// Its value.
    pub value: Expr,
}

/// The name of an attribute in an object literal.
#[derive(Debug, Clone)]
pub enum PropertyKey {
    /// Written down.
    Name(Arc<str>),
    /// `@name`
    Bind(Arc<str>),
    /// `[expression]`
    Computed(Expr),
}

/// `base[* FILTER filter LIMIT offset, count RETURN value]suffix`
#[derive(Debug, Clone)]
pub struct Expand {
    /// The array.
    pub base: Expr,
    /// The number of stars.
    pub levels: u16,
    /// `FILTER` over `CURRENT`.
    pub filter: Option<Expr>,
    /// `LIMIT`
    pub limit: Option<(Option<Expr>, Expr)>,
    /// `RETURN`
    pub value: Option<Expr>,
    /// Accessors that follow, starting from [`ExprKind::Element`].
    pub suffix: Option<Expr>,
}

/// `base[? quantifier FILTER filter]`
#[derive(Debug, Clone)]
pub struct Question {
    /// The array.
    pub base: Expr,
    /// How many elements must match.
    pub quantifier: Quantifier,
    /// `FILTER` over `CURRENT`.
    pub filter: Option<Expr>,
}

/// How many elements must match.
#[derive(Debug, Clone)]
pub enum Quantifier {
    /// `ANY`
    Any,
    /// `ALL`
    All,
    /// `NONE`
    None,
    /// `AT LEAST (n)`
    AtLeast(Box<Expr>),
    /// `n` or `n..m`
    Exactly(Box<Expr>),
}

/// `left ALL == right`
#[derive(Debug, Clone)]
pub struct ArrayCompare {
    /// How many elements of the left side must match.
    pub quantifier: Quantifier,
    /// The comparison.
    pub op: BinaryOp,
    /// The array.
    pub left: Expr,
    /// What its elements are compared with.
    pub right: Expr,
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `!`
    Not,
    /// `-`
    Minus,
    /// `+`
    Plus,
}

/// Operators with two operands that evaluate both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `IN`
    In,
    /// `NOT IN`
    NotIn,
    /// `LIKE`
    Like,
    /// `NOT LIKE`
    NotLike,
    /// `=~`
    Match,
    /// `!~`
    NotMatch,
}

impl Expr {
    /// Calls `visit` with each direct child; subqueries are not entered.
    pub fn for_each_child<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match &self.kind {
            ExprKind::Array(items) | ExprKind::And(items) | ExprKind::Or(items) => {
                items.iter().for_each(visit);
            }
            ExprKind::Call(_, items) => items.iter().for_each(visit),
            ExprKind::Object(properties) => {
                for property in properties {
                    if let PropertyKey::Computed(key) = &property.key {
                        visit(key);
                    }
                    visit(&property.value);
                }
            }
            ExprKind::Attribute(base, _)
            | ExprKind::BindAttribute(base, _)
            | ExprKind::Unary(_, base) => visit(base),
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) | ExprKind::Range(a, b) => {
                visit(a);
                visit(b);
            }
            ExprKind::Expand(expand) => {
                visit(&expand.base);
                let (offset, count) = match &expand.limit {
                    Some((offset, count)) => (offset.as_ref(), Some(count)),
                    None => (None, None),
                };
                [
                    expand.filter.as_ref(),
                    offset,
                    count,
                    expand.value.as_ref(),
                    expand.suffix.as_ref(),
                ]
                .into_iter()
                .flatten()
                .for_each(visit);
            }
            ExprKind::Question(question) => {
                visit(&question.base);
                question
                    .quantifier
                    .operand()
                    .into_iter()
                    .for_each(&mut *visit);
                question.filter.iter().for_each(visit);
            }
            ExprKind::ArrayCompare(compare) => {
                visit(&compare.left);
                compare
                    .quantifier
                    .operand()
                    .into_iter()
                    .for_each(&mut *visit);
                visit(&compare.right);
            }
            ExprKind::Ternary(condition, yes, no) => {
                visit(condition);
                yes.iter().for_each(|yes| visit(yes));
                visit(no);
            }
            ExprKind::Error
            | ExprKind::Literal(_)
            | ExprKind::Name(_)
            | ExprKind::Bind(_)
            | ExprKind::SourceBind(_)
            | ExprKind::Element
            | ExprKind::Subquery(_) => {}
        }
    }
}

impl Quantifier {
    /// The expression inside, if there is one.
    pub fn operand(&self) -> Option<&Expr> {
        match self {
            Quantifier::AtLeast(count) | Quantifier::Exactly(count) => Some(count),
            Quantifier::Any | Quantifier::All | Quantifier::None => None,
        }
    }
}
