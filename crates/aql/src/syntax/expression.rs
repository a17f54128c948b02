//! Parsing expressions by operator precedence.

use std::sync::Arc;

use error_codes::codes;
use value::Value;

use super::ast::{
    ArrayCompare, BinaryOp, Expand, Expr, ExprKind, Name, Property, PropertyKey, Quantifier,
    Question, Span, UnaryOp,
};
use super::parser::Parser;
use super::token::{Keyword, Kind, Punctuation as P, unquote};

/// How tightly operators bind; higher binds tighter.
mod power {
    pub(super) const TERNARY: u8 = 1;
    pub(super) const OR: u8 = 2;
    pub(super) const AND: u8 = 3;
    pub(super) const EQUALITY: u8 = 4;
    pub(super) const IN: u8 = 5;
    pub(super) const RELATION: u8 = 6;
    pub(super) const RANGE: u8 = 7;
    pub(super) const ADDITION: u8 = 8;
    pub(super) const MULTIPLICATION: u8 = 9;
}

/// The largest number that `0x` and `0b` literals may have.
const UNSIGNED_LITERAL_MAX: u64 = u32::MAX as u64;

/// What stands between two operands.
enum Infix {
    Binary(BinaryOp),
    And,
    Or,
    Range,
    Ternary,
    Quantified,
}

impl Parser<'_> {
    /// An expression.
    pub(super) fn expression(&mut self) -> Expr {
        self.expression_above(0)
    }

    /// An expression in which `IN` ends it, as the target of a modification.
    pub(super) fn expression_before_in(&mut self) -> Expr {
        let outer = std::mem::replace(&mut self.in_ends, true);
        let expr = self.expression();
        self.in_ends = outer;
        expr
    }

    /// An expression between brackets, where `IN` is an operator again.
    pub(super) fn inner_expression(&mut self) -> Expr {
        let outer = std::mem::replace(&mut self.in_ends, false);
        let expr = self.expression();
        self.in_ends = outer;
        expr
    }

    fn expression_above(&mut self, floor: u8) -> Expr {
        let span = self.span();
        if self.failed {
            return self.error_node(span);
        }
        if self.depth >= self.nesting_max {
            self.too_deep(span);
            return self.error_node(span);
        }
        self.depth += 1;
        let mut left = self.operand();
        while !self.failed {
            let Some((infix, power)) = self.infix() else {
                break;
            };
            if power <= floor {
                break;
            }
            left = self.infix_rest(left, infix, power);
        }
        self.depth -= 1;
        left
    }

    /// The operator that comes next, not consumed.
    fn infix(&self) -> Option<(Infix, u8)> {
        use BinaryOp as B;
        let binary = |op, power| Some((Infix::Binary(op), power));
        match self.peek() {
            Kind::Punctuation(sign) => match sign {
                P::Question => Some((Infix::Ternary, power::TERNARY)),
                P::Or => Some((Infix::Or, power::OR)),
                P::And => Some((Infix::And, power::AND)),
                P::Equal => binary(B::Equal, power::EQUALITY),
                P::NotEqual => binary(B::NotEqual, power::EQUALITY),
                P::Match => binary(B::Match, power::EQUALITY),
                P::NotMatch => binary(B::NotMatch, power::EQUALITY),
                P::Less => binary(B::Less, power::RELATION),
                P::LessEqual => binary(B::LessEqual, power::RELATION),
                P::Greater => binary(B::Greater, power::RELATION),
                P::GreaterEqual => binary(B::GreaterEqual, power::RELATION),
                P::Range => Some((Infix::Range, power::RANGE)),
                P::Plus => binary(B::Add, power::ADDITION),
                P::Minus => binary(B::Subtract, power::ADDITION),
                P::Star => binary(B::Multiply, power::MULTIPLICATION),
                P::Slash => binary(B::Divide, power::MULTIPLICATION),
                P::Percent => binary(B::Modulo, power::MULTIPLICATION),
                _ => None,
            },
            Kind::Keyword(keyword) => self.keyword_infix(keyword),
            Kind::Name if self.at_word("AT") && self.is_quantified(2) => {
                Some((Infix::Quantified, power::EQUALITY))
            }
            _ => None,
        }
    }

    fn keyword_infix(&self, keyword: Keyword) -> Option<(Infix, u8)> {
        use BinaryOp as B;
        match keyword {
            Keyword::Or => Some((Infix::Or, power::OR)),
            Keyword::And => Some((Infix::And, power::AND)),
            Keyword::Like => Some((Infix::Binary(B::Like), power::EQUALITY)),
            Keyword::In if !self.in_ends => Some((Infix::Binary(B::In), power::IN)),
            Keyword::Not => match self.peek_at(1) {
                Kind::Keyword(Keyword::In) if !self.in_ends => {
                    Some((Infix::Binary(B::NotIn), power::IN))
                }
                Kind::Keyword(Keyword::Like) => Some((Infix::Binary(B::NotLike), power::EQUALITY)),
                _ => None,
            },
            Keyword::All | Keyword::Any | Keyword::None if self.is_quantified(1) => {
                Some((Infix::Quantified, power::EQUALITY))
            }
            _ => None,
        }
    }

    /// Whether a comparison follows the quantifier that comes next.
    fn is_quantified(&self, length: usize) -> bool {
        if length == 2 {
            return self.peek_at(1) == Kind::Name
                && self.peek_at(2) == Kind::Punctuation(P::LeftParen);
        }
        matches!(
            self.peek_at(length),
            Kind::Punctuation(
                P::Equal | P::NotEqual | P::Less | P::LessEqual | P::Greater | P::GreaterEqual
            ) | Kind::Keyword(Keyword::In | Keyword::Not)
        )
    }

    fn infix_rest(&mut self, left: Expr, infix: Infix, power: u8) -> Expr {
        match infix {
            Infix::Binary(op) => {
                self.advance();
                if matches!(op, BinaryOp::NotIn | BinaryOp::NotLike) {
                    self.advance();
                }
                let right = self.expression_above(power);
                let span = left.span.to(right.span);
                self.node(ExprKind::Binary(op, left.into(), right.into()), span)
            }
            Infix::And | Infix::Or => self.logical_chain(left, matches!(infix, Infix::And), power),
            Infix::Range => {
                self.advance();
                let right = self.expression_above(power);
                let span = left.span.to(right.span);
                self.node(ExprKind::Range(left.into(), right.into()), span)
            }
            Infix::Ternary => {
                self.advance();
                let yes = if self.at_sign(P::Colon) {
                    None
                } else {
                    Some(Box::new(self.expression_above(0)))
                };
                self.expect(P::Colon);
                let no = self.expression_above(power - 1);
                let span = left.span.to(no.span);
                self.node(ExprKind::Ternary(left.into(), yes, no.into()), span)
            }
            Infix::Quantified => self.array_compare(left, power),
        }
    }

    /// `a && b && c` is one node, so that long chains do not nest.
    fn logical_chain(&mut self, left: Expr, and: bool, power: u8) -> Expr {
        let start = left.span;
        let mut items = vec![left];
        while !self.failed {
            let again = match self.infix() {
                Some((Infix::And, _)) => and,
                Some((Infix::Or, _)) => !and,
                _ => false,
            };
            if !again {
                break;
            }
            self.advance();
            items.push(self.expression_above(power));
        }
        let span = start.to(self.last_span());
        let kind = if and {
            ExprKind::And(items)
        } else {
            ExprKind::Or(items)
        };
        self.node(kind, span)
    }

    fn array_compare(&mut self, left: Expr, power: u8) -> Expr {
        let quantifier = self.quantifier();
        let Some((Infix::Binary(op), _)) = self.infix() else {
            self.unexpected();
            return left;
        };
        self.advance();
        if matches!(op, BinaryOp::NotIn | BinaryOp::NotLike) {
            self.advance();
        }
        let right = self.expression_above(power);
        let span = left.span.to(right.span);
        let compare = ArrayCompare {
            quantifier,
            op,
            left,
            right,
        };
        self.node(ExprKind::ArrayCompare(compare.into()), span)
    }

    /// `ANY`, `ALL`, `NONE` or `AT LEAST (n)`.
    fn quantifier(&mut self) -> Quantifier {
        if self.eat_keyword(Keyword::Any) {
            Quantifier::Any
        } else if self.eat_keyword(Keyword::All) {
            Quantifier::All
        } else if self.eat_keyword(Keyword::None) {
            Quantifier::None
        } else {
            self.advance();
            if !self.eat_word("LEAST") || !self.expect(P::LeftParen) {
                self.unexpected();
                return Quantifier::Any;
            }
            let count = self.inner_expression();
            self.expect(P::RightParen);
            Quantifier::AtLeast(count.into())
        }
    }

    /// An operand with its signs and accessors.
    fn operand(&mut self) -> Expr {
        let span = self.span();
        let op = match self.peek() {
            Kind::Punctuation(P::Not) | Kind::Keyword(Keyword::Not) => UnaryOp::Not,
            Kind::Punctuation(P::Minus) => UnaryOp::Minus,
            Kind::Punctuation(P::Plus) => UnaryOp::Plus,
            _ => {
                let base = self.primary();
                return self.accessors(base, false);
            }
        };
        self.advance();
        if self.depth >= self.nesting_max {
            self.too_deep(span);
            return self.error_node(span);
        }
        self.depth += 1;
        let operand = self.operand();
        self.depth -= 1;
        let span = span.to(operand.span);
        self.node(ExprKind::Unary(op, operand.into()), span)
    }

    fn primary(&mut self) -> Expr {
        let span = self.span();
        match self.peek() {
            Kind::Integer => self.integer(),
            Kind::Double => self.double(),
            Kind::String => {
                let text = unquote(self.slice(span));
                self.literal(Value::from(text))
            }
            Kind::Keyword(Keyword::Null) => self.literal(Value::Null),
            Kind::Keyword(Keyword::True) => self.literal(Value::Bool(true)),
            Kind::Keyword(Keyword::False) => self.literal(Value::Bool(false)),
            Kind::Bind => {
                let name = self.slice(span).trim_start_matches('@').into();
                self.leaf(ExprKind::Bind(name))
            }
            Kind::SourceBind => {
                let name = self.slice(span).trim_start_matches('@').into();
                self.leaf(ExprKind::SourceBind(name))
            }
            Kind::Punctuation(P::LeftParen) => self.parenthesised(),
            Kind::Punctuation(P::LeftBracket) => self.array_literal(),
            Kind::Punctuation(P::LeftBrace) => self.object_literal(),
            Kind::Name | Kind::QuotedName => self.name_or_call(),
            // These words are also functions' or options' names only when quoted, except LIKE.
            Kind::Keyword(Keyword::Like) if self.peek_at(1) == Kind::Punctuation(P::LeftParen) => {
                self.advance();
                self.call(Name {
                    text: "LIKE".into(),
                    span,
                })
            }
            _ => {
                self.unexpected();
                self.error_node(span)
            }
        }
    }

    fn leaf(&mut self, kind: ExprKind) -> Expr {
        let span = self.span();
        self.advance();
        Expr {
            kind,
            span,
            height: 1,
        }
    }

    fn literal(&mut self, value: Value) -> Expr {
        self.leaf(ExprKind::Literal(value))
    }

    fn integer(&mut self) -> Expr {
        let span = self.span();
        let text = self.slice(span);
        let radix = match text.get(..2) {
            Some("0x" | "0X") => 16,
            Some("0b" | "0B") => 2,
            _ => 10,
        };
        if radix != 10 {
            let digits = text.get(2..).unwrap_or_default();
            let number = u64::from_str_radix(digits, radix)
                .ok()
                .filter(|number| *number <= UNSIGNED_LITERAL_MAX);
            let Some(number) = number else {
                self.report_near(
                    codes::QUERY_NUMBER_OUT_OF_RANGE,
                    "number out of range",
                    span,
                );
                return self.error_node(span);
            };
            return self.literal(number.into());
        }
        match text.parse::<i64>() {
            Ok(number) => self.literal(number.into()),
            Err(_) => self.double(),
        }
    }

    fn double(&mut self) -> Expr {
        let span = self.span();
        match self
            .slice(span)
            .parse::<f64>()
            .ok()
            .and_then(Value::from_f64)
        {
            Some(number) => self.literal(number),
            None => {
                self.report_near(
                    codes::QUERY_NUMBER_OUT_OF_RANGE,
                    "number out of range",
                    span,
                );
                self.error_node(span)
            }
        }
    }

    /// `(expression)` or `(subquery)`.
    fn parenthesised(&mut self) -> Expr {
        let start = self.span();
        self.advance();
        let mut expr = if self.at_subquery() {
            self.subquery()
        } else {
            self.inner_expression()
        };
        self.expect(P::RightParen);
        expr.span = start.to(self.last_span());
        expr
    }

    fn at_subquery(&self) -> bool {
        self.at_statement()
            || (self.at_keyword(Keyword::With)
                && self.peek_at(1) != Kind::Punctuation(P::LeftParen))
    }

    fn subquery(&mut self) -> Expr {
        let span = self.span();
        let outer = std::mem::replace(&mut self.in_ends, false);
        let block = self.block(true);
        self.in_ends = outer;
        let mut expr = self.error_node(span.to(self.last_span()));
        expr.height = block_height(&block).saturating_add(1);
        if expr.height > self.nesting_max {
            self.too_deep(span);
            return self.error_node(span);
        }
        expr.kind = ExprKind::Subquery(block.into());
        expr
    }

    fn array_literal(&mut self) -> Expr {
        let start = self.span();
        self.advance();
        let mut items = Vec::new();
        while !self.at_sign(P::RightBracket) && !self.failed {
            items.push(self.inner_expression());
            if !self.eat(P::Comma) {
                break;
            }
        }
        self.expect(P::RightBracket);
        let span = start.to(self.last_span());
        self.node(ExprKind::Array(items), span)
    }

    pub(super) fn object_literal(&mut self) -> Expr {
        let start = self.span();
        self.expect(P::LeftBrace);
        let mut properties = Vec::new();
        while !self.at_sign(P::RightBrace) && !self.failed {
            if let Some(property) = self.property() {
                properties.push(property);
            }
            if !self.eat(P::Comma) {
                break;
            }
        }
        self.expect(P::RightBrace);
        let span = start.to(self.last_span());
        self.node(ExprKind::Object(properties), span)
    }

    fn property(&mut self) -> Option<Property> {
        let span = self.span();
        let key = match self.peek() {
            Kind::String => {
                let name = unquote(self.slice(span)).into();
                self.advance();
                PropertyKey::Name(name)
            }
            Kind::Bind => {
                let name = self.slice(span).trim_start_matches('@').into();
                self.advance();
                PropertyKey::Bind(name)
            }
            Kind::Punctuation(P::LeftBracket) => {
                self.advance();
                let name = self.inner_expression();
                self.expect(P::RightBracket);
                PropertyKey::Computed(name)
            }
            _ => {
                let name = self.name()?;
                if !self.at_sign(P::Colon) {
                    let value = Expr {
                        kind: ExprKind::Name(name.text.clone()),
                        span,
                        height: 1,
                    };
                    return Some(Property {
                        key: PropertyKey::Name(name.text),
                        value,
                    });
                }
                PropertyKey::Name(name.text)
            }
        };
        self.expect(P::Colon);
        let value = self.inner_expression();
        Some(Property { key, value })
    }

    fn name_or_call(&mut self) -> Expr {
        let start = self.span();
        let Some(name) = self.name() else {
            return self.error_node(start);
        };
        let mut text = name.text.to_string();
        while self.at_sign(P::Scope) {
            self.advance();
            let Some(part) = self.name() else {
                return self.error_node(start);
            };
            text.push_str("::");
            text.push_str(&part.text);
        }
        let span = start.to(self.last_span());
        if self.at_sign(P::LeftParen) {
            return self.call(Name {
                text: text.into(),
                span,
            });
        }
        if text.contains("::") && span != start {
            self.unexpected();
        }
        Expr {
            kind: ExprKind::Name(text.into()),
            span,
            height: 1,
        }
    }

    fn call(&mut self, name: Name) -> Expr {
        self.expect(P::LeftParen);
        let mut arguments = Vec::new();
        while !self.at_sign(P::RightParen) && !self.failed {
            arguments.push(if self.at_subquery() {
                self.subquery()
            } else {
                self.inner_expression()
            });
            if !self.eat(P::Comma) {
                break;
            }
        }
        self.expect(P::RightParen);
        let span = name.span.to(self.last_span());
        self.node(ExprKind::Call(name, arguments), span)
    }

    /// What follows an operand: `.name`, `[index]`, `[* ...]`, `[? ...]`. After an expansion they
    /// apply to each element, except `[**]`, which flattens what there is so far.
    fn accessors(&mut self, base: Expr, in_expansion: bool) -> Expr {
        let mut expr = base;
        while !self.failed {
            if self.eat(P::Dot) {
                expr = self.attribute(expr);
                continue;
            }
            if !self.at_sign(P::LeftBracket) {
                break;
            }
            let stars = self.stars_ahead();
            if stars > 1 && in_expansion {
                break;
            }
            let start = expr.span;
            self.advance();
            expr = if stars > 0 {
                self.expansion(expr, stars)
            } else if self.at_sign(P::Question) {
                self.question(expr)
            } else {
                let index = self.inner_expression();
                self.expect(P::RightBracket);
                let span = start.to(self.last_span());
                self.node(ExprKind::Index(expr.into(), index.into()), span)
            };
        }
        expr
    }

    fn stars_ahead(&self) -> u16 {
        let star = |ahead: &usize| self.peek_at(*ahead) == Kind::Punctuation(P::Star);
        (1usize..)
            .take_while(star)
            .count()
            .min(usize::from(u16::MAX)) as u16
    }

    fn attribute(&mut self, base: Expr) -> Expr {
        let span = self.span();
        let start = base.span;
        if self.peek() == Kind::Bind {
            let name: Arc<str> = self.slice(span).trim_start_matches('@').into();
            self.advance();
            return self.node(ExprKind::BindAttribute(base.into(), name), start.to(span));
        }
        match self.name() {
            Some(name) => self.node(ExprKind::Attribute(base.into(), name.text), start.to(span)),
            None => base,
        }
    }

    /// After `[`: `*... FILTER .. LIMIT .. RETURN .. ]` and the accessors for each element.
    fn expansion(&mut self, base: Expr, levels: u16) -> Expr {
        let start = base.span;
        (0..levels).for_each(|_| self.advance());
        let filter = self
            .eat_keyword(Keyword::Filter)
            .then(|| self.inner_expression());
        let limit = self.eat_keyword(Keyword::Limit).then(|| {
            let first = self.inner_expression();
            if self.eat(P::Comma) {
                (Some(first), self.inner_expression())
            } else {
                (None, first)
            }
        });
        let value = self
            .eat_keyword(Keyword::Return)
            .then(|| self.inner_expression());
        self.expect(P::RightBracket);
        let element = self.element(self.last_span());
        let suffix = if self.depth < self.nesting_max {
            self.depth += 1;
            let suffix = self.accessors(element, true);
            self.depth -= 1;
            Some(suffix).filter(|suffix| !matches!(suffix.kind, ExprKind::Element))
        } else {
            self.too_deep(start);
            None
        };
        let span = start.to(self.last_span());
        let expand = Expand {
            base,
            levels,
            filter,
            limit,
            value,
            suffix,
        };
        self.node(ExprKind::Expand(expand.into()), span)
    }

    fn element(&self, span: Span) -> Expr {
        Expr {
            kind: ExprKind::Element,
            span,
            height: 1,
        }
    }

    /// After `[`: `? quantifier FILTER condition ]`.
    fn question(&mut self, base: Expr) -> Expr {
        let start = base.span;
        self.expect(P::Question);
        let quantifier = match self.peek() {
            Kind::Punctuation(P::RightBracket) | Kind::Keyword(Keyword::Filter) => Quantifier::Any,
            Kind::Keyword(Keyword::Any | Keyword::All | Keyword::None) => self.quantifier(),
            Kind::Name if self.at_word("AT") => self.quantifier(),
            _ => Quantifier::Exactly(self.inner_expression().into()),
        };
        let filter = self
            .eat_keyword(Keyword::Filter)
            .then(|| self.inner_expression());
        self.expect(P::RightBracket);
        let span = start.to(self.last_span());
        let question = Question {
            base,
            quantifier,
            filter,
        };
        self.node(ExprKind::Question(question.into()), span)
    }
}

/// The height of the tallest expression in a block.
fn block_height(block: &super::ast::Block) -> u16 {
    let mut height = 0;
    super::visit_expressions(block, &mut |expr| height = height.max(expr.height));
    height
}
