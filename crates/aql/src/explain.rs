//! What a query would do: its plan, and those that were considered instead.

use std::sync::Arc;
use std::time::Duration;

use database::Transaction;
use value::{Object, Value};

use crate::error::Result;
use crate::plan::{self, Plan};
use crate::query::{self, Context, Query, Snapshot};

/// What a query would do.
pub struct Explanation {
    plan: Arc<Plan>,
    /// The plans of other choices, the cheapest first; only if they were asked for.
    others: Option<Vec<Plan>>,
    /// How many documents each collection of the plan has, where that is known.
    sizes: Vec<Option<u64>>,
    rules_on: usize,
    /// How long each rule took, if that was asked for.
    rule_times: Vec<(&'static str, Duration)>,
    time: Duration,
}

impl Explanation {
    /// The public form of the whole explanation: with `plan`, or with `plans` if all were asked
    /// for, first the one that the query follows.
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        let others = self.others.as_deref();
        if let Some(others) = others {
            let all = std::iter::once(&*self.plan).chain(others);
            let shown = all.map(|plan| Value::object(self.plan_object(plan)));
            object.insert("plans", shown.collect::<Vec<_>>());
        } else {
            object.insert("plan", self.to_plan_object());
            object.insert("cacheable", self.is_cacheable());
        }
        let warning = |(code, message): &(error_codes::Code, String)| {
            let mut warning = Object::new();
            warning.insert("code", code.number());
            warning.insert("message", message.as_str());
            Value::object(warning)
        };
        let warnings = self.plan.warnings.iter().map(warning);
        object.insert("warnings", warnings.collect::<Vec<_>>());
        object.insert("stats", self.stats(1 + others.map_or(0, <[Plan]>::len)));
        object
    }

    /// Rules count once for each plan they were applied to.
    fn stats(&self, plans: usize) -> Object {
        let mut stats = Object::new();
        let off = plan::rules::ALL.len() - self.rules_on;
        stats.insert("rulesExecuted", self.rules_on * plans);
        stats.insert("rulesSkipped", off * plans);
        stats.insert("plansCreated", plans);
        let mut times = Object::new();
        for (name, time) in &self.rule_times {
            times.insert(*name, seconds(*time));
        }
        stats.insert("rules", times);
        stats.insert("peakMemoryUsage", 0);
        stats.insert("executionTime", seconds(self.time));
        stats
    }

    fn plan_object(&self, plan: &Plan) -> Object {
        plan::explain::write(plan, &self.sizes).plan
    }

    /// The public form of the plan: `nodes`, `rules`, `collections`, `variables` and so on.
    pub fn to_plan_object(&self) -> Object {
        self.plan_object(&self.plan)
    }

    /// Every collection the query names, with whether it is written.
    pub fn collections(&self) -> &[plan::CollectionUse] {
        &self.plan.collections
    }

    /// The names of the rules that changed something.
    pub fn rules(&self) -> &[&'static str] {
        &self.plan.rules
    }

    /// Number and text of each warning.
    pub fn warnings(&self) -> &[(error_codes::Code, String)] {
        &self.plan.warnings
    }

    /// Whether the rows depend on nothing but the documents.
    pub fn is_cacheable(&self) -> bool {
        self.plan.is_cacheable()
    }

    /// Whether the query writes.
    pub fn is_modification(&self) -> bool {
        self.plan.is_modification()
    }
}

fn seconds(time: Duration) -> Value {
    Value::from_f64(time.as_secs_f64()).unwrap_or_default()
}

/// Plans a query without running it. Reads how many documents its collections have.
///
/// # Errors
/// As [`crate::execute`].
pub fn explain(ctx: &Context<'_>, txn: &mut Transaction, query: &Query<'_>) -> Result<Explanation> {
    let clock = &ctx.environment.platform.clock;
    let began = clock.monotonic();
    let plan = query::plan_of(ctx, txn, query)?;
    let sizes = sizes(txn, &plan);
    let options = &query.options;
    let (mut others, mut rule_times) = (None, Vec::new());
    if options.all_plans || options.profile != crate::Profile::Off {
        let catalog = Snapshot {
            txn,
            queries: ctx.queries,
        };
        let lowered = query::lower(ctx, &catalog, query)?;
        if options.profile != crate::Profile::Off {
            let mut last = clock.monotonic();
            plan::rules::optimize_watched(
                &mut lowered.clone(),
                &catalog,
                &options.rules,
                &mut |rule| {
                    let now = clock.monotonic();
                    rule_times.push((rule, now.saturating_sub(last)));
                    last = now;
                },
            )?;
        }
        if options.all_plans {
            let most = ctx.queries.plan_limits().alternatives_max;
            let plans_max = options.plans_max.unwrap_or(most).min(most);
            let found = plan::alternatives(&lowered, &catalog, &options.rules, &plan, plans_max);
            let mut costed: Vec<(f64, Plan)> = found
                .into_iter()
                .map(|plan| (plan::explain::write(&plan, &sizes).cost, plan))
                .collect();
            costed.sort_by(|a, b| a.0.total_cmp(&b.0));
            others = Some(costed.into_iter().map(|(_, plan)| plan).collect());
        }
    }
    Ok(Explanation {
        plan,
        others,
        sizes,
        rules_on: plan::rules::count_on(&options.rules),
        rule_times,
        time: clock.monotonic().saturating_sub(began),
    })
}

/// How many documents there are in each collection of a plan. What may not be read is unknown.
fn sizes(txn: &mut Transaction, plan: &Plan) -> Vec<Option<u64>> {
    let names = plan.collections.iter().map(|used| &used.name);
    names
        .map(|name| {
            let collection = txn.collection(name).ok()?;
            txn.count(&collection).ok()
        })
        .collect()
}
