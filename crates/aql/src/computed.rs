//! Expressions of computed values, for the database below.
//!
//! Source: public documentation, "Data modeling / Documents / Computed values".

use std::sync::Arc;

use database::{Collection, Expression, Expressions, Transaction};
use platform::Platform;
use value::{Object, Value};

use crate::error::Result;
use crate::exec::{Cancel, Cursor, Environment, Limits, Profile, Start};
use crate::plan::{self, Catalog, Plan};
use crate::queries::{PlanLimits, Queries};
use crate::syntax::ast::{Expr, ExprKind, StatementKind};
use crate::syntax::{self, Parsed};
use crate::tracking::{Begin, Tracked};

/// Functions that look at more than their arguments, and those that call others by name.
const FORBIDDEN: &[&str] = &[
    "APPLY",
    "CALL",
    "COLLECTIONS",
    "COLLECTION_COUNT",
    "CURRENT_DATABASE",
    "CURRENT_USER",
    "DOCUMENT",
    "FULLTEXT",
    "NEAR",
    "SCHEMA_GET",
    "SCHEMA_VALIDATE",
    "V8",
    "VERSION",
    "WITHIN",
    "WITHIN_RECTANGLE",
];

/// The only bind parameter: the document.
const DOCUMENT: &str = "doc";

/// The query language as the language of computed values; see
/// [`database::Databases::set_expressions`].
pub struct ComputedExpressions(Arc<Surroundings>);

/// What every expression runs with.
struct Surroundings {
    environment: Environment,
    limits: Arc<Limits>,
    /// Its own, because a write is not to be listed as a query for each of its documents.
    queries: Arc<Queries>,
}

impl ComputedExpressions {
    /// Each expression runs within `limits`.
    pub fn new(platform: Platform, limits: Arc<Limits>) -> Arc<Self> {
        let mut settings = crate::Settings::recommended();
        settings.plans_max = 0;
        settings.tracking.enabled = false;
        let queries = Queries::new(settings, None);
        // User and version cannot be asked for.
        let environment = Environment {
            platform,
            user: None,
            version: "".into(),
            cancel: Cancel::new(),
        };
        Arc::new(Self(Arc::new(Surroundings {
            environment,
            limits,
            queries,
        })))
    }
}

impl Expressions for ComputedExpressions {
    fn compile(&self, text: &str) -> std::result::Result<Arc<dyn Expression>, String> {
        let parsed = syntax::parse(text, self.0.queries.plan_limits().nesting_max);
        if let Some(first) = parsed.diagnostics.first() {
            return Err(crate::Error::from(first).message());
        }
        check(&parsed)?;
        let plan = make_plan(&parsed).map_err(|error| error.message())?;
        Ok(Arc::new(Compiled {
            text: text.into(),
            plan: Arc::new(plan),
            surroundings: Arc::clone(&self.0),
        }))
    }
}

/// What the documentation allows; otherwise the reason.
fn check(parsed: &Parsed) -> std::result::Result<(), String> {
    let value = match parsed.block.statements.as_slice() {
        [only] => match &only.kind {
            StatementKind::Return {
                value,
                distinct: false,
            } => Some(value),
            _ => None,
        },
        _ => None,
    };
    let value = value.ok_or("the expression must be a single RETURN")?;
    let mut binds = parsed.bind_parameters.iter();
    if let Some(other) = binds.find(|name| &***name != DOCUMENT) {
        return Err(format!("the bind parameter '{other}' is not allowed"));
    }
    check_expression(value)
}

fn check_expression(expr: &Expr) -> std::result::Result<(), String> {
    match &expr.kind {
        ExprKind::Subquery(_) => return Err("a subquery is not allowed".to_owned()),
        ExprKind::BindAttribute(..) => {
            return Err("a bind parameter cannot name an attribute".to_owned());
        }
        ExprKind::Call(name, _) => {
            let upper = name.text.to_ascii_uppercase();
            if upper.contains("::") || FORBIDDEN.contains(&upper.as_str()) {
                return Err(format!("the function '{upper}()' is not allowed"));
            }
        }
        _ => {}
    }
    let mut outcome = Ok(());
    expr.for_each_child(&mut |child| {
        if outcome.is_ok() {
            outcome = check_expression(child);
        }
    });
    outcome
}

fn make_plan(parsed: &Parsed) -> Result<Plan> {
    let binds = Object::from_iter([(DOCUMENT, Value::Null)]);
    let mut plan = plan::lower(parsed, &binds, &Nothing, &PlanLimits::documented())?.plan;
    plan::rules::optimize(&mut plan, &Nothing, &[])?;
    plan.finish();
    Ok(plan)
}

/// A catalog without collections and user-defined functions.
struct Nothing;

impl Catalog for Nothing {
    fn find_collection(&self, _: &str) -> Option<Arc<Collection>> {
        None
    }

    fn has_user_function(&self, _: &str) -> Result<bool> {
        Ok(false)
    }
}

struct Compiled {
    text: Arc<str>,
    plan: Arc<Plan>,
    surroundings: Arc<Surroundings>,
}

impl Expression for Compiled {
    fn evaluate(
        &self,
        transaction: &mut Transaction,
        document: &Value,
        fail_on_warning: bool,
    ) -> database::Result<Value> {
        self.run(transaction, document, fail_on_warning)
            .map_err(|error| match error.database() {
                Some(beneath) => beneath.clone(),
                None => {
                    let kind = database::ErrorKind::Invalid;
                    database::Error::with_message(kind, error.code(), error.message())
                }
            })
    }
}

impl Compiled {
    fn run(&self, txn: &mut Transaction, document: &Value, fail_on_warning: bool) -> Result<Value> {
        let Surroundings {
            environment,
            limits,
            queries,
        } = &*self.surroundings;
        let begin = Begin {
            database: txn.database().name(),
            user: None,
            text: &self.text,
            bind: &Object::new(),
            stream: false,
            cancel: &environment.cancel,
            clock: &environment.platform.clock,
        };
        let start = Start {
            plan: Arc::clone(&self.plan),
            // The document is the only bind there can be.
            binds: self.plan.binds.iter().map(|_| document.clone()).collect(),
            tracked: Tracked::new(queries, &begin),
            environment: environment.clone(),
            queries: Arc::clone(queries),
            limits: Arc::clone(limits),
            count_full: false,
            plan_key: None,
            result_key: None,
            profile: Profile::Off,
            warnings_max: 0,
            fail_on_warning,
        };
        let mut cursor = Cursor::new(start, txn)?;
        Ok(cursor.next_values(txn, 1)?.pop().unwrap_or_default())
    }
}
