//! `WINDOW`

use std::sync::Arc;

use error_codes::codes;
use value::date::text::{Span, parse_duration};
use value::{Object, Value};

use super::Lowerer;
use crate::error::{Error, Result};
use crate::plan::{Block, Bound, Expr, Node, Window};
use crate::syntax::ast;

const PRECEDING: &str = "preceding";
const FOLLOWING: &str = "following";

impl Lowerer<'_> {
    pub(super) fn window(&mut self, window: &ast::Window, block: &mut Block) -> Result<()> {
        let written = |node: &Node| matches!(node, Node::Modify(_) | Node::Upsert(_));
        if block.nodes.iter().any(written) {
            return Err(Error::new_invalid(codes::QUERY_WINDOW_AFTER_MODIFICATION));
        }
        let bounds = self.options(&window.bounds)?;
        let outcome = match &window.key {
            Some(_) => range_bounds(&bounds),
            None => row_bounds(&bounds),
        };
        let (preceding, following) = self.locate(outcome, window.bounds.span)?;
        let key = match &window.key {
            Some(key) => Some(self.window_key(key, block)?),
            None => None,
        };
        let mut aggregates = Vec::new();
        for (name, call) in &window.aggregates {
            let outcome = self.aggregate(call);
            let (aggregate, argument) = self.locate(outcome, call.span)?;
            aggregates.push((name, aggregate, argument));
        }
        let mut node = Window {
            key,
            preceding,
            following,
            aggregates: Vec::new(),
        };
        for (name, aggregate, argument) in aggregates {
            let out = self.declare(name)?;
            node.aggregates.push((out, aggregate, argument));
        }
        block.nodes.push(Node::Window(Box::new(node)));
        Ok(())
    }

    /// Rows are compared by a value of their own, and come sorted by it.
    fn window_key(&mut self, key: &ast::Expr, block: &mut Block) -> Result<Expr> {
        let value = self.expression(key)?;
        let out = self.plan.add_variable("");
        block.nodes.push(Node::Calculate { out, value });
        block.nodes.push(Node::Sort {
            keys: vec![(Expr::Var(out), false)],
            limit: None,
        });
        Ok(Expr::Var(out))
    }
}

fn wrong(what: &str) -> Error {
    Error::invalid(codes::QUERY_PARSE, format!("invalid WINDOW bounds: {what}"))
}

/// The two bounds; what is missing is `None`.
fn given(bounds: &Arc<Object>) -> Result<[Option<&Value>; 2]> {
    let known = |name: &str| name == PRECEDING || name == FOLLOWING;
    if let Some(name) = bounds.keys().find(|name| !known(name)) {
        return Err(wrong(&format!("unknown attribute '{name}'")));
    }
    let given = [bounds.get(PRECEDING), bounds.get(FOLLOWING)];
    if given.iter().all(Option::is_none) {
        return Err(wrong("neither 'preceding' nor 'following' is given"));
    }
    Ok(given)
}

fn is_unbounded(value: &Value) -> bool {
    value.as_str() == Some("unbounded")
}

fn row_bounds(bounds: &Arc<Object>) -> Result<(Bound, Bound)> {
    let bound = |value: Option<&Value>| match value {
        None => Ok(Bound::Rows(0)),
        Some(value) if is_unbounded(value) => Ok(Bound::Unbounded),
        Some(value) => {
            let count = value.is_number().then(|| value.as_i64()).flatten();
            let count = count.and_then(|count| usize::try_from(count).ok());
            count
                .map(Bound::Rows)
                .ok_or_else(|| wrong("rows are counted by whole numbers from 0, or 'unbounded'"))
        }
    };
    let [preceding, following] = given(bounds)?;
    Ok((bound(preceding)?, bound(following)?))
}

fn range_bounds(bounds: &Arc<Object>) -> Result<(Bound, Bound)> {
    let given = given(bounds)?;
    let is_time = |value: &&Value| value.as_str().is_some() && !is_unbounded(value);
    let by_time = given.iter().flatten().any(is_time);
    let bound = |value: Option<&Value>| match value {
        Some(value) if is_unbounded(value) => Ok(Bound::Unbounded),
        None if by_time => Ok(Bound::Time(Span::default())),
        None => Ok(Bound::Distance(0.0)),
        Some(Value::String(text)) => parse_duration(text)
            .map(Bound::Time)
            .ok_or_else(|| wrong("a text must be an ISO 8601 duration")),
        Some(value) => value
            .as_f64()
            .filter(|distance| !by_time && *distance >= 0.0)
            .map(Bound::Distance)
            .ok_or_else(|| wrong("both are numbers from 0, or both are ISO 8601 durations")),
    };
    let [preceding, following] = given;
    Ok((bound(preceding)?, bound(following)?))
}
