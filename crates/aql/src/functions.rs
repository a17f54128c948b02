//! The function library: one table per family, found by upper-case name.
//!
//! A function gets evaluated arguments and answers a value. A wrong argument is no error: it
//! adds a warning and the answer is `null`. An [`Error`] ends the query; only functions that
//! exist to do so, exceeded limits and the engine below raise one.
//!
//! `LENGTH` and `COUNT` of a collection are not here: the compiler turns them into
//! `COLLECTION_COUNT` with the collection's name.

mod args;
mod array;
mod array_edit;
mod array_sets;
mod bit;
mod context;
mod control;
mod date;
mod document;
mod encoding;
mod geo;
pub(crate) mod numbers;
mod numeric;
mod object;
mod pattern;
mod similarity;
mod statistics;
#[cfg(test)]
mod tests;
mod text;
mod type_check;
mod vectors;

use std::collections::HashMap;
use std::sync::OnceLock;

use error_codes::codes;
use value::Value;

pub(crate) use date::{instant_of, iso_text, shift};
pub(crate) use pattern::{like, prefix_bounds};

pub use context::{Caches, Context, DocumentSource, Error, Limits, Warning, Warnings};

/// What messages show as the maximum of functions without one.
const ARGUMENTS_MAX: usize = 65_535;

/// What a function body answers.
type Outcome = Result<Value, Error>;

/// One function of the library.
pub struct Function {
    /// Upper-case name.
    pub name: &'static str,
    /// The fewest arguments it takes.
    pub min_args: usize,
    /// The most arguments it takes; `None` for any number.
    pub max_args: Option<usize>,
    /// Whether equal arguments give equal results within one query.
    pub deterministic: bool,
    /// Whether it turns its arguments into texts, whose size then has to be bounded first.
    texts: bool,
    body: Body,
}

type Body = fn(&mut Context<'_>, &[Value]) -> Outcome;

impl Function {
    const fn new(name: &'static str, min_args: usize, max_args: usize, body: Body) -> Self {
        Self {
            name,
            min_args,
            max_args: Some(max_args),
            deterministic: true,
            texts: false,
            body,
        }
    }

    /// A function whose arguments count as texts.
    const fn of_texts(name: &'static str, min_args: usize, max_args: usize, body: Body) -> Self {
        let mut function = Self::new(name, min_args, max_args, body);
        function.texts = true;
        function
    }

    /// Lifts the upper bound on the number of arguments.
    const fn variadic(mut self) -> Self {
        self.max_args = None;
        self
    }

    /// Marks a function whose result may differ between calls.
    const fn volatile(mut self) -> Self {
        self.deterministic = false;
        self
    }

    /// Whether `count` arguments are acceptable.
    pub fn takes(&self, count: usize) -> bool {
        count >= self.min_args && self.max_args.is_none_or(|max| count <= max)
    }

    /// Refuses a wrong number of arguments.
    ///
    /// # Errors
    /// 1541 with the bounds in its text.
    pub fn check_count(&self, count: usize) -> Result<(), Error> {
        if self.takes(count) {
            return Ok(());
        }
        let max = self.max_args.unwrap_or(ARGUMENTS_MAX);
        Err(Error::new(
            codes::QUERY_FUNCTION_ARGUMENT_NUMBER_MISMATCH,
            format!(
                "invalid number of arguments for function '{}()', expected number of arguments: \
                 minimum: {}, maximum: {max}",
                self.name, self.min_args
            ),
        ))
    }

    /// Calls the function. The number of arguments was checked with [`Function::takes`];
    /// missing ones read as `null` and superfluous ones are ignored.
    ///
    /// # Errors
    /// Those that end the query; see [`Error`].
    pub fn call(&self, ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
        let caller = std::mem::replace(&mut ctx.function, self.name);
        let checked = ctx.check_texts(if self.texts { args } else { &[] });
        let outcome = checked.and_then(|()| (self.body)(ctx, args));
        ctx.function = caller;
        outcome
    }
}

/// Every function, one table per family.
pub static ALL: &[&[Function]] = &[
    type_check::FUNCTIONS,
    array::FUNCTIONS,
    array_edit::FUNCTIONS,
    array_sets::FUNCTIONS,
    object::FUNCTIONS,
    numeric::FUNCTIONS,
    statistics::FUNCTIONS,
    vectors::FUNCTIONS,
    bit::FUNCTIONS,
    text::FUNCTIONS,
    pattern::FUNCTIONS,
    similarity::FUNCTIONS,
    encoding::FUNCTIONS,
    geo::FUNCTIONS,
    date::FUNCTIONS,
    date::arithmetic::FUNCTIONS,
    date::compare::FUNCTIONS,
    date::format::FUNCTIONS,
    date::local::FUNCTIONS,
    document::FUNCTIONS,
    control::FUNCTIONS,
];

/// Other names of functions: alias, name.
pub static ALIASES: &[(&str, &str)] = &[
    ("AVG", "AVERAGE"),
    ("CONTAINS_ARRAY", "POSITION"),
    ("COUNT", "LENGTH"),
    ("COUNT_UNIQUE", "COUNT_DISTINCT"),
    ("IS_LIST", "IS_ARRAY"),
    ("IS_DOCUMENT", "IS_OBJECT"),
    ("KEYS", "ATTRIBUTES"),
    ("RANDOM", "RAND"),
    ("STDDEV", "STDDEV_POPULATION"),
    ("TO_LIST", "TO_ARRAY"),
    ("VARIANCE", "VARIANCE_POPULATION"),
];

/// The function of an upper-case name or alias.
pub fn find(name: &str) -> Option<&'static Function> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static Function>> = OnceLock::new();
    let by_name = BY_NAME.get_or_init(|| {
        let mut by_name: HashMap<_, _> = ALL
            .iter()
            .flat_map(|family| family.iter())
            .map(|function| (function.name, function))
            .collect();
        for (alias, name) in ALIASES {
            if let Some(function) = by_name.get(name).copied() {
                by_name.insert(alias, function);
            }
        }
        by_name
    });
    by_name.get(name).copied()
}
