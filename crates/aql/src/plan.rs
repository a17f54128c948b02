//! Plans: what a query does, step by step.
//!
//! A [`Plan`] is made from a syntax tree by [`lower`], improved by [`rules`] and read by the
//! executor. It holds no bind values except those that decide its shape, so it can be kept and
//! used again.

mod alternatives;
mod covering;
pub mod explain;
mod expr;
mod finish;
mod lower;
pub mod rules;
mod vars;

use std::sync::Arc;

use crate::error::Result;

pub(crate) use alternatives::alternatives;
pub(crate) use covering::{Covered, covered_by};
pub use expr::{
    ArrayCompare, BinaryOp, Expand, Expr, Key, Quantifier, Question, SubqueryId, SubqueryUse,
    UnaryOp, VarId,
};
pub use lower::{Lowered, lower};
pub(crate) use lower::{missing_bind, unknown_function};
pub use vars::VarSet;

/// A query ready to run.
#[derive(Clone, Default)]
pub struct Plan {
    /// The query's own steps.
    pub root: Block,
    /// The steps of subqueries, by [`SubqueryId`].
    pub subqueries: Vec<Block>,
    /// The names of variables, by [`VarId`].
    pub variables: Vec<Arc<str>>,
    /// The names of value binds, in the order of [`Expr::Bind`].
    pub binds: Vec<Arc<str>>,
    /// The upper-case names of user-defined functions, in the order of [`Expr::UserCall`].
    pub user_functions: Vec<Arc<str>>,
    /// Every collection the query names, with what is done to it.
    pub collections: Vec<CollectionUse>,
    /// How many [`Expr::Once`] there are.
    pub once_count: usize,
    /// How deep inline expressions nest.
    pub locals_count: usize,
    /// The rules that changed something.
    pub rules: Vec<&'static str>,
    /// What was odd about the query when it was planned.
    pub warnings: Vec<(error_codes::Code, String)>,
}

/// A collection of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionUse {
    /// Its name.
    pub name: Arc<str>,
    /// Whether the query writes to it.
    pub is_written: bool,
    /// Whether nobody else is to write to it meanwhile.
    pub is_exclusive: bool,
}

/// A collection by its position in [`Plan::collections`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionId(pub usize);

/// The steps of a query or subquery; rows flow from first to last.
#[derive(Clone, Default)]
pub struct Block {
    /// The steps.
    pub nodes: Vec<Node>,
    /// What each row returns; `None` when the query returns nothing.
    pub value: Option<Expr>,
}

/// One step.
#[derive(Clone)]
pub enum Node {
    /// All documents of a collection.
    EnumerateCollection {
        /// The collection.
        collection: CollectionId,
        /// Holds the document.
        out: VarId,
        /// What `OPTIONS` says about indexes.
        hint: IndexHint,
        /// What documents must meet before a row is made of them.
        filters: Vec<Expr>,
        /// What documents have in common with the outer row, in a loop that is to read its
        /// collection once for all outer rows; `filters` then read nothing but the document.
        join: Option<Vec<JoinKey>>,
        /// The only attributes that are read; `None` when the document as such is.
        projections: Option<Vec<Projection>>,
    },
    /// The documents that an index finds.
    Index(Box<IndexScan>),
    /// The documents that any of several searches finds, each once.
    IndexUnion(Box<IndexUnion>),
    /// The elements of an array.
    EnumerateList {
        /// The array.
        list: Expr,
        /// Holds the element.
        out: VarId,
    },
    /// Rows for which the condition holds.
    Filter(Expr),
    /// A value for each row.
    Calculate {
        /// Holds the value.
        out: VarId,
        /// The value.
        value: Expr,
    },
    /// Rows in order.
    Sort {
        /// Keys, each with whether the largest comes first.
        keys: Vec<(Expr, bool)>,
        /// How many of the first rows are wanted.
        limit: Option<Expr>,
    },
    /// Some of the rows.
    Limit {
        /// Rows to skip.
        offset: Option<Expr>,
        /// Rows to pass.
        count: Option<Expr>,
        /// Whether `fullCount` counts here.
        full_count: bool,
    },
    /// Groups of rows.
    Collect(Box<Collect>),
    /// Each row with what is computed over its neighbours.
    Window(Box<Window>),
    /// Rows whose variable was not seen before.
    Distinct(VarId),
    /// Changes documents.
    Modify(Box<Modify>),
    /// Finds or inserts, then changes documents.
    Upsert(Box<Upsert>),
    /// The same rows, all read before the first one goes on.
    Buffer,
    /// No rows at all.
    NoResults,
}

/// An attribute that a loop takes out of each document, so that rows need not carry the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// Holds the attribute.
    pub out: VarId,
    /// The names that lead to it.
    pub names: Arc<[Arc<str>]>,
}

/// An equality between an attribute of an inner document and the outer row.
#[derive(Clone)]
pub struct JoinKey {
    /// The names that lead to the attribute.
    pub names: Arc<[Arc<str>]>,
    /// The value in the outer row.
    pub value: Expr,
}

/// What `OPTIONS` of a `FOR` says about indexes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexHint {
    /// Names of preferred indexes.
    pub names: Vec<Arc<str>>,
    /// Whether it is an error if none of them can be used.
    pub force: bool,
    /// Whether no index may be used.
    pub disable: bool,
}

/// Which documents of a collection an index finds.
#[derive(Clone)]
pub struct IndexScan {
    /// The collection.
    pub collection: CollectionId,
    /// Holds the document.
    pub out: VarId,
    /// The index.
    pub index: Arc<database::Index>,
    /// A value for each of the first fields.
    pub equal: Vec<Expr>,
    /// An array of values for the field after those.
    pub any: Option<Expr>,
    /// The least value of the next field, and whether it is included.
    pub lower: Option<(Expr, bool)>,
    /// The largest value of the next field, and whether it is included.
    pub upper: Option<(Expr, bool)>,
    /// How texts of the next field begin; never together with `lower` or `upper`. What else fits
    /// a pattern is for a filter behind the loop.
    pub prefix: Option<Prefix>,
    /// Whether the largest comes first.
    pub descending: bool,
    /// Whether the values are ids, to be looked up by the key in them.
    pub by_id: bool,
    /// The conditions that the index stands for, to be checked where it cannot be used.
    pub residual: Vec<Expr>,
    /// See [`Node::EnumerateCollection`].
    pub filters: Vec<Expr>,
    /// See [`Node::EnumerateCollection`].
    pub projections: Option<Vec<Projection>>,
    /// Whether the entries hold all projections; `filters` then read the projections.
    pub covering: bool,
    /// If not 0, rows that have the same values in so many of the first fields as another one may
    /// be left out.
    pub distinct: usize,
}

/// How texts begin.
#[derive(Clone)]
pub struct Prefix {
    /// The beginning.
    pub text: Expr,
    /// Whether it is a pattern of `LIKE`, up to the first wildcard of which texts begin alike.
    pub is_pattern: bool,
}

impl IndexScan {
    /// All entries of an index, in its order.
    pub(crate) fn whole(collection: CollectionId, out: VarId, index: Arc<database::Index>) -> Self {
        Self {
            collection,
            out,
            index,
            equal: Vec::new(),
            any: None,
            lower: None,
            upper: None,
            prefix: None,
            descending: false,
            by_id: false,
            residual: Vec::new(),
            filters: Vec::new(),
            projections: None,
            covering: false,
            distinct: 0,
        }
    }
}

/// The branches of an `OR`, each with its own search.
#[derive(Clone)]
pub struct IndexUnion {
    /// The searches; all have the same collection and variable.
    pub scans: Vec<IndexScan>,
    /// The collection.
    pub collection: CollectionId,
    /// Holds the document.
    pub out: VarId,
    /// See [`Node::EnumerateCollection`].
    pub filters: Vec<Expr>,
    /// See [`Node::EnumerateCollection`].
    pub projections: Option<Vec<Projection>>,
}

/// Where the planner looks up collections.
pub trait Catalog {
    /// The collection; `None` when there is none.
    fn find_collection(&self, name: &str) -> Option<Arc<database::Collection>>;

    /// Whether there is a user-defined function of this upper-case name.
    ///
    /// # Errors
    /// Those of the engine.
    fn has_user_function(&self, name: &str) -> Result<bool>;
}

/// `COLLECT`
#[derive(Clone)]
pub struct Collect {
    /// What rows are grouped by.
    pub groups: Vec<(VarId, Expr)>,
    /// What is computed over the rows of a group.
    pub aggregates: Vec<(VarId, Aggregate, Option<Expr>)>,
    /// What is kept of each row.
    pub into: Option<(VarId, Expr)>,
    /// Whether groups come in the order of their values.
    pub sorted: bool,
}

/// `WINDOW`
#[derive(Clone)]
pub struct Window {
    /// What rows are compared by; they come sorted by it. `None` where neighbours are counted.
    pub key: Option<Expr>,
    /// How far the frame reaches back.
    pub preceding: Bound,
    /// How far the frame reaches forth.
    pub following: Bound,
    /// What is computed over the rows of the frame.
    pub aggregates: Vec<(VarId, Aggregate, Option<Expr>)>,
}

/// How far the frame of a row reaches.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// To the first or last row.
    Unbounded,
    /// So many rows.
    Rows(usize),
    /// To keys that differ by no more than this.
    Distance(f64),
    /// To dates that differ by no more than this.
    Time(value::date::text::Span),
}

/// What is computed over the rows of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named like the function")]
pub enum Aggregate {
    Length,
    Min,
    Max,
    Sum,
    Average,
    Variance { sample: bool, root: bool },
    Unique,
    SortedUnique,
    CountDistinct,
    Push,
    BitAnd,
    BitOr,
    BitXor,
}

impl Aggregate {
    /// The aggregate of a function name in upper case.
    pub fn find(name: &str) -> Option<Aggregate> {
        let variance = |sample, root| Some(Aggregate::Variance { sample, root });
        match name {
            "LENGTH" | "COUNT" => Some(Aggregate::Length),
            "MIN" => Some(Aggregate::Min),
            "MAX" => Some(Aggregate::Max),
            "SUM" => Some(Aggregate::Sum),
            "AVERAGE" | "AVG" => Some(Aggregate::Average),
            "STDDEV" | "STDDEV_POPULATION" => variance(false, true),
            "STDDEV_SAMPLE" => variance(true, true),
            "VARIANCE" | "VARIANCE_POPULATION" => variance(false, false),
            "VARIANCE_SAMPLE" => variance(true, false),
            "UNIQUE" => Some(Aggregate::Unique),
            "SORTED_UNIQUE" => Some(Aggregate::SortedUnique),
            "COUNT_DISTINCT" | "COUNT_UNIQUE" => Some(Aggregate::CountDistinct),
            "PUSH" => Some(Aggregate::Push),
            "BIT_AND" => Some(Aggregate::BitAnd),
            "BIT_OR" => Some(Aggregate::BitOr),
            "BIT_XOR" => Some(Aggregate::BitXor),
            _ => None,
        }
    }

    /// Whether the result is the same whatever the order of the rows, but for how sums of
    /// fractions are rounded.
    pub fn is_free_of_order(self) -> bool {
        !matches!(
            self,
            Aggregate::Unique | Aggregate::SortedUnique | Aggregate::Push
        )
    }
}

impl Aggregate {
    /// The name of the function.
    pub fn name(self) -> &'static str {
        match self {
            Aggregate::Length => "LENGTH",
            Aggregate::Min => "MIN",
            Aggregate::Max => "MAX",
            Aggregate::Sum => "SUM",
            Aggregate::Average => "AVERAGE",
            Aggregate::Variance {
                sample: false,
                root: false,
            } => "VARIANCE_POPULATION",
            Aggregate::Variance {
                sample: true,
                root: false,
            } => "VARIANCE_SAMPLE",
            Aggregate::Variance {
                sample: false,
                root: true,
            } => "STDDEV_POPULATION",
            Aggregate::Variance {
                sample: true,
                root: true,
            } => "STDDEV_SAMPLE",
            Aggregate::Unique => "UNIQUE",
            Aggregate::SortedUnique => "SORTED_UNIQUE",
            Aggregate::CountDistinct => "COUNT_DISTINCT",
            Aggregate::Push => "PUSH",
            Aggregate::BitAnd => "BIT_AND",
            Aggregate::BitOr => "BIT_OR",
            Aggregate::BitXor => "BIT_XOR",
        }
    }
}

/// What a modification does.
#[derive(Clone)]
pub struct Modify {
    /// Which statement.
    pub kind: crate::syntax::ast::ModifyKind,
    /// The document or key.
    pub target: Expr,
    /// The attributes of `WITH`.
    pub with: Option<Expr>,
    /// The collection.
    pub collection: CollectionId,
    /// `OPTIONS`
    pub options: ModifyOptions,
    /// Holds the document before.
    pub old: Option<VarId>,
    /// Holds the document after.
    pub new: Option<VarId>,
    /// Whether all rows are read before the first is written.
    pub buffer: bool,
}

/// `UPSERT`
#[derive(Clone)]
pub struct Upsert {
    /// The steps that find the document in `old`; they start from the row.
    pub search: SubqueryId,
    /// The document to insert.
    pub insert: Expr,
    /// What to change.
    pub update: Expr,
    /// Whether the document is replaced.
    pub replace: bool,
    /// The collection.
    pub collection: CollectionId,
    /// `OPTIONS`
    pub options: ModifyOptions,
    /// Holds the document before.
    pub old: VarId,
    /// Holds the document after.
    pub new: Option<VarId>,
    /// Whether all rows are read before the first is written.
    pub buffer: bool,
}

/// `OPTIONS` of a modification.
#[derive(Debug, Clone, PartialEq)]
pub struct ModifyOptions {
    /// Nobody else writes to the collection meanwhile.
    pub exclusive: bool,
    /// Rows that fail are skipped.
    pub ignore_errors: bool,
    /// `_rev` in the target is not compared.
    pub ignore_revs: bool,
    /// Attributes set to `null` are stored.
    pub keep_null: bool,
    /// Objects are merged.
    pub merge_objects: bool,
    /// What an `INSERT` does with an existing key.
    pub overwrite: Overwrite,
    /// The attribute that tells newer documents.
    pub version_attribute: Option<Arc<str>>,
    /// Whether rows of an `UPSERT` see the writes of earlier rows.
    pub read_own_writes: bool,
}

impl Default for ModifyOptions {
    fn default() -> Self {
        Self {
            exclusive: false,
            ignore_errors: false,
            ignore_revs: true,
            keep_null: true,
            merge_objects: true,
            overwrite: Overwrite::Conflict,
            version_attribute: None,
            read_own_writes: true,
        }
    }
}

/// What an `INSERT` does with an existing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// It fails.
    Conflict,
    /// It leaves the document.
    Ignore,
    /// It replaces the document.
    Replace,
    /// It updates the document.
    Update,
}

impl Plan {
    /// A new variable.
    pub fn add_variable(&mut self, name: &str) -> VarId {
        self.variables.push(name.into());
        VarId((self.variables.len() - 1) as u32)
    }

    /// The name of a variable; empty if it has none.
    pub fn variable_name(&self, var: VarId) -> &str {
        self.variables.get(var.index()).map_or("", |name| name)
    }

    /// The name of a collection.
    pub fn collection_name(&self, id: CollectionId) -> &Arc<str> {
        static NONE: std::sync::OnceLock<Arc<str>> = std::sync::OnceLock::new();
        self.collections
            .get(id.0)
            .map_or_else(|| NONE.get_or_init(|| "".into()), |found| &found.name)
    }

    /// Whether the query writes.
    pub fn is_modification(&self) -> bool {
        self.collections
            .iter()
            .any(|collection| collection.is_written)
    }

    /// The block of a subquery.
    pub fn subquery(&self, id: SubqueryId) -> &Block {
        static EMPTY: std::sync::LazyLock<Block> = std::sync::LazyLock::new(Block::default);
        self.subqueries.get(id.0).unwrap_or(&EMPTY)
    }
}
