//! Plans as clients see them.

use value::Object;

use super::Plan;

/// The public form of a plan.
pub fn plan_object(plan: &Plan) -> Object {
    let mut object = Object::new();
    object.insert("rules", plan.rules.iter().map(|rule| (*rule).into()).collect::<Vec<value::Value>>());
    object
}
