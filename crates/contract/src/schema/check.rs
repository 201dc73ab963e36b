//! A value against a schema.

use serde_json::{Map, Number, Value};

use super::{ArrayRules, Id, NumberRules, ObjectRules, Schema};
use crate::fault::below;
use crate::limits::{FREE_STEPS, MAX_DEPTH, STEPS_PER_BYTE};
use crate::violation::{Rule, Violation};

/// One check of one body, with what it may still cost.
pub(crate) struct Checker<'s> {
    schemas: &'s [Schema],
    /// Steps left.
    steps: usize,
}

/// Which members of an object some schema has spoken for.
#[derive(Default)]
struct Seen {
    /// By place in the object.
    members: Vec<bool>,
    /// Some schema says what members there are.
    listed: bool,
    /// Some schema says what other members may be.
    rest: bool,
}

type Checked<T = ()> = Result<T, Violation>;

impl<'s> Checker<'s> {
    /// A checker for a body of so many bytes.
    pub(crate) fn new(schemas: &'s [Schema], bytes: usize) -> Self {
        let steps = bytes.saturating_mul(STEPS_PER_BYTE);
        Self {
            schemas,
            steps: steps.saturating_add(FREE_STEPS),
        }
    }

    fn spend(&mut self, steps: usize, at: &Place<'_>) -> Checked {
        let left = self.steps.checked_sub(steps);
        self.steps = left.ok_or_else(|| at.violation(Rule::Budget))?;
        Ok(())
    }

    /// Checks a whole value; objects that list their members have no others.
    pub(crate) fn value(&mut self, id: Id, value: &Value, at: &Place<'_>) -> Checked {
        let seen = self.apply(id, value, at)?;
        let Value::Object(members) = value else {
            return Ok(());
        };
        if !seen.listed || seen.rest {
            return Ok(());
        }
        let unknown = members.keys().enumerate();
        let mut unknown = unknown.filter(|(place, _)| !seen.has(*place));
        match unknown.next() {
            Some((_, name)) => Err(at.member(name).violation(Rule::UnknownMember)),
            None => Ok(()),
        }
    }

    /// Applies one schema to a value, and those it applies to the same value.
    fn apply(&mut self, id: Id, value: &Value, at: &Place<'_>) -> Checked<Seen> {
        self.spend(1, at)?;
        if at.depth > MAX_DEPTH {
            return Err(at.violation(Rule::Budget));
        }
        let schemas = self.schemas;
        let Some(schema) = schemas.get(id) else {
            return Err(at.violation(Rule::Never));
        };
        schema.scalar_rules(value, at)?;
        let mut seen = Seen::default();
        if let (Value::Array(items), Some(rules)) = (value, &schema.array) {
            self.array(rules, items, at)?;
        }
        if let (Value::Object(members), Some(rules)) = (value, &schema.object) {
            self.object(rules, members, at, &mut seen)?;
        }
        let deeper = at.again();
        for id in &schema.all {
            seen.join(self.apply(*id, value, &deeper)?);
        }
        self.alternatives(schema, value, &deeper, &mut seen)?;
        if let (Value::Object(members), Some(rules)) = (value, &schema.object)
            && let Some(id) = rules.unevaluated
        {
            for (place, (name, member)) in members.iter().enumerate() {
                if !seen.has(place) && !seen.rest {
                    self.value(id, member, &at.member(name))?;
                }
            }
            seen.rest = true;
        }
        Ok(seen)
    }

    fn alternatives(
        &mut self,
        schema: &Schema,
        value: &Value,
        at: &Place<'_>,
        seen: &mut Seen,
    ) -> Checked {
        if let Some(any) = &schema.any {
            let mut held = false;
            for id in any {
                // All that hold speak for members.
                if let Some(inner) = self.holds(*id, value, at)? {
                    held = true;
                    seen.join(inner);
                }
            }
            if !held {
                return Err(at.violation(Rule::AnyOf));
            }
        }
        if let Some(one) = &schema.one {
            let mut found = None;
            for id in one {
                if let Some(inner) = self.holds(*id, value, at)? {
                    if found.is_some() {
                        return Err(at.violation(Rule::OneOf));
                    }
                    found = Some(inner);
                }
            }
            seen.join(found.ok_or_else(|| at.violation(Rule::OneOf))?);
        }
        if let Some(id) = schema.not
            && self.holds(id, value, at)?.is_some()
        {
            return Err(at.violation(Rule::Not));
        }
        if let Some((test, yes, no)) = schema.condition {
            let branch = match self.holds(test, value, at)? {
                Some(inner) => {
                    seen.join(inner);
                    yes
                }
                None => no,
            };
            if let Some(id) = branch {
                seen.join(self.apply(id, value, at)?);
            }
        }
        Ok(())
    }

    /// Whether a schema holds; only the budget ends the check.
    ///
    /// An alternative counts only when the value has no member that it, and nothing around it, could
    /// not know: the closing of objects is decided at the end, over all schemas that applied.
    fn holds(&mut self, id: Id, value: &Value, at: &Place<'_>) -> Checked<Option<Seen>> {
        match self.apply(id, value, at) {
            Ok(seen) => Ok(Some(seen)),
            Err(violation) if violation.rule == Rule::Budget => Err(violation),
            Err(_) => Ok(None),
        }
    }

    fn array(&mut self, rules: &ArrayRules, items: &[Value], at: &Place<'_>) -> Checked {
        if items.len() < rules.min || rules.max.is_some_and(|max| items.len() > max) {
            return Err(at.violation(Rule::Items));
        }
        for (index, item) in items.iter().enumerate() {
            let id = rules.prefix.get(index).copied().or(rules.items);
            if let Some(id) = id {
                self.value(id, item, &at.item(index))?;
            }
        }
        if rules.unique {
            for (index, item) in items.iter().enumerate() {
                let rest = items.get(index.saturating_add(1)..).unwrap_or_default();
                self.spend(rest.len(), at)?;
                if rest.iter().any(|other| same(item, other)) {
                    return Err(at.violation(Rule::UniqueItems));
                }
            }
        }
        if let Some(id) = rules.contains {
            let mut count = 0usize;
            for (index, item) in items.iter().enumerate() {
                let held = self.holds(id, item, &at.item(index))?;
                count = count.saturating_add(usize::from(held.is_some()));
            }
            let enough = count >= rules.min_contains.unwrap_or(1);
            if !enough || rules.max_contains.is_some_and(|max| count > max) {
                return Err(at.violation(Rule::Contains));
            }
        }
        Ok(())
    }

    fn object(
        &mut self,
        rules: &ObjectRules,
        members: &Map<String, Value>,
        at: &Place<'_>,
        seen: &mut Seen,
    ) -> Checked {
        if members.len() < rules.min || rules.max.is_some_and(|max| members.len() > max) {
            return Err(at.violation(Rule::Properties));
        }
        let missing = |name: &String| !members.contains_key(name);
        let dependent = rules.dependent.iter();
        let dependent = dependent.filter(|(name, _)| members.contains_key(name));
        if rules.required.iter().any(missing)
            || dependent.flat_map(|(_, others)| others).any(missing)
        {
            return Err(at.violation(Rule::Required));
        }
        seen.listed |= rules.lists_members;
        for (place, (name, member)) in members.iter().enumerate() {
            let at = at.member(name);
            if let Some(id) = rules.names {
                let held = self.holds(id, &Value::String(name.clone()), &at)?;
                held.ok_or_else(|| at.violation(Rule::PropertyNames))?;
            }
            let mut known = false;
            let found = rules
                .properties
                .binary_search_by(|(one, _)| one.as_str().cmp(name));
            if let Some((_, id)) = found.ok().and_then(|found| rules.properties.get(found)) {
                known = true;
                self.value(*id, member, &at)?;
            }
            for (pattern, id) in &rules.patterns {
                self.spend(1, &at)?;
                if pattern.is_match(name) {
                    known = true;
                    self.value(*id, member, &at)?;
                }
            }
            if let (false, Some(id)) = (known, rules.additional) {
                known = true;
                if self.schemas.get(id).is_some_and(|schema| schema.never) {
                    return Err(at.violation(Rule::UnknownMember));
                }
                self.value(id, member, &at)?;
            }
            if known {
                seen.mark(place);
            }
        }
        seen.rest |= rules.additional.is_some();
        Ok(())
    }
}

impl Schema {
    /// What can be said of a value without looking into it.
    fn scalar_rules(&self, value: &Value, at: &Place<'_>) -> Checked {
        let check = |holds: bool, rule: Rule| {
            if holds {
                Ok(())
            } else {
                Err(at.violation(rule))
            }
        };
        check(!self.never, Rule::Never)?;
        check(
            self.types.is_none_or(|types| types.contain(value)),
            Rule::Type,
        )?;
        let constant = self.constant.as_ref();
        check(
            constant.is_none_or(|constant| same(constant, value)),
            Rule::Const,
        )?;
        let choices = self.choices.as_ref();
        let chosen = choices.is_none_or(|all| all.iter().any(|one| same(one, value)));
        check(chosen, Rule::Enum)?;
        match value {
            Value::Number(number) => {
                let format = self.format.is_none_or(|format| format.fits_number(number));
                check(format, Rule::Format)?;
                match &self.number {
                    Some(rules) => check_number(rules, number, at),
                    None => Ok(()),
                }
            }
            Value::String(text) => {
                if let Some(rules) = &self.text {
                    let bounded = rules.min > 0 || rules.max.is_some();
                    let length = if bounded { text.chars().count() } else { 0 };
                    let fits = length >= rules.min && rules.max.is_none_or(|max| length <= max);
                    check(fits, Rule::Length)?;
                    let pattern = rules.pattern.as_ref();
                    check(pattern.is_none_or(|p| p.is_match(text)), Rule::Pattern)?;
                }
                let format = self.format.is_none_or(|format| format.fits_text(text));
                check(format, Rule::Format)
            }
            _ => Ok(()),
        }
    }
}

fn check_number(rules: &NumberRules, number: &Number, at: &Place<'_>) -> Checked {
    let value = number.as_f64().unwrap_or(f64::NAN);
    let fits = rules.minimum.is_none_or(|bound| value >= bound)
        && rules.maximum.is_none_or(|bound| value <= bound)
        && rules.above.is_none_or(|bound| value > bound)
        && rules.below.is_none_or(|bound| value < bound);
    if !fits {
        return Err(at.violation(Rule::Range));
    }
    match rules.multiple_of {
        // Decimal fractions are not exact in binary: 0.3 is a multiple of 0.1.
        Some(step) if ((value / step) - (value / step).round()).abs() > 1e-9 => {
            Err(at.violation(Rule::MultipleOf))
        }
        _ => Ok(()),
    }
}

/// Equality of JSON Schema: numbers by value.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || (one.is_f64() != other.is_f64() && one.as_f64() == other.as_f64())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

impl Seen {
    fn has(&self, place: usize) -> bool {
        self.members.get(place).copied().unwrap_or(false)
    }

    fn mark(&mut self, place: usize) {
        if self.members.len() <= place {
            self.members.resize(place.saturating_add(1), false);
        }
        if let Some(known) = self.members.get_mut(place) {
            *known = true;
        }
    }

    fn join(&mut self, other: Self) {
        self.listed |= other.listed;
        self.rest |= other.rest;
        for (place, known) in other.members.into_iter().enumerate() {
            if known {
                self.mark(place);
            }
        }
    }
}

/// A place in the body, as a list from the inside out: written down only for a violation.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    outer: Option<&'p Place<'p>>,
    step: Step<'p>,
    depth: usize,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Here,
    Member(&'p str),
    Item(usize),
}

impl<'p> Place<'p> {
    pub(crate) fn root() -> Self {
        Self {
            outer: None,
            step: Step::Here,
            depth: 0,
        }
    }

    fn step(&'p self, step: Step<'p>) -> Place<'p> {
        Place {
            outer: Some(self),
            step,
            depth: self.depth.saturating_add(1),
        }
    }

    fn member(&'p self, name: &'p str) -> Place<'p> {
        self.step(Step::Member(name))
    }

    fn item(&'p self, index: usize) -> Place<'p> {
        self.step(Step::Item(index))
    }

    /// The same place, one application further in.
    fn again(&'p self) -> Place<'p> {
        self.step(Step::Here)
    }

    fn violation(&self, rule: Rule) -> Violation {
        Violation::new(rule, &self.pointer(rule == Rule::UnknownMember))
    }

    /// A member that should not be there is told by what encloses it: its name is the sender's.
    fn pointer(&self, enclosing: bool) -> String {
        let outer = self
            .outer
            .map(|outer| outer.pointer(false))
            .unwrap_or_default();
        match self.step {
            Step::Here => outer,
            Step::Member(_) if enclosing => outer,
            Step::Member(name) => below(&outer, name),
            Step::Item(index) => below(&outer, &index.to_string()),
        }
    }
}
