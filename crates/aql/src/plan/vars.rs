//! Which variables expressions and steps read and set, and whether they may be moved.

use super::{Block, Expr, IndexScan, Node, Plan, Projection, VarId};

/// A set of variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VarSet(Vec<u64>);

impl VarSet {
    /// Adds a variable.
    pub fn insert(&mut self, var: VarId) {
        let (word, bit) = (var.index() / 64, var.index() % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    /// Whether the variable is in it.
    pub fn contains(&self, var: VarId) -> bool {
        let word = self.0.get(var.index() / 64).copied().unwrap_or(0);
        word & (1 << (var.index() % 64)) != 0
    }

    /// Adds the variables of another set.
    pub fn extend(&mut self, other: &VarSet) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0
            .iter_mut()
            .zip(&other.0)
            .for_each(|(own, other)| *own |= other);
    }

    /// Takes the variables of another set away.
    pub fn remove_all(&mut self, other: &VarSet) {
        self.0
            .iter_mut()
            .zip(&other.0)
            .for_each(|(own, other)| *own &= !other);
    }

    /// Whether a variable is in both.
    pub fn intersects(&self, other: &VarSet) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

impl Plan {
    /// The variables that an expression reads, those of its subqueries included.
    pub fn reads(&self, expr: &Expr) -> VarSet {
        let mut set = VarSet::default();
        self.add_reads(expr, &mut set);
        set
    }

    /// Adds the variables that an expression reads.
    pub fn add_reads(&self, expr: &Expr, set: &mut VarSet) {
        match expr {
            Expr::Var(var) | Expr::Path(var, _) => set.insert(*var),
            Expr::Subquery(id, _) => self.add_block_reads(self.subquery(*id), set),
            _ => {}
        }
        expr.for_each_child(&mut |child| self.add_reads(child, set));
    }

    /// Adds what the steps of a block read, its own variables included.
    pub fn add_block_reads(&self, block: &Block, set: &mut VarSet) {
        for node in &block.nodes {
            self.add_node_reads(node, set);
        }
        block
            .value
            .iter()
            .for_each(|value| self.add_reads(value, set));
    }

    /// Adds what a step reads.
    pub fn add_node_reads(&self, node: &Node, set: &mut VarSet) {
        node.for_each_expr(&mut |expr| self.add_reads(expr, set));
        match node {
            Node::Distinct(var) => set.insert(*var),
            Node::Upsert(upsert) => self.add_block_reads(self.subquery(upsert.search), set),
            _ => {}
        }
    }

    /// Whether an expression gives the same value for the same variables, and changes nothing.
    pub fn is_pure(&self, expr: &Expr) -> bool {
        let own = match expr {
            Expr::Call(function, _) => function.deterministic,
            Expr::UserCall(..) => false,
            Expr::Subquery(id, _) => self.is_block_pure(self.subquery(*id)),
            _ => true,
        };
        let mut pure = own;
        expr.for_each_child(&mut |child| pure = pure && self.is_pure(child));
        pure
    }

    fn is_block_pure(&self, block: &Block) -> bool {
        let mut pure = block.value.as_ref().is_none_or(|value| self.is_pure(value));
        for node in &block.nodes {
            pure = pure && !matches!(node, Node::Modify(_) | Node::Upsert(_));
            node.for_each_expr(&mut |expr| pure = pure && self.is_pure(expr));
        }
        pure
    }

    /// Whether an expression has subqueries.
    pub fn has_subquery(&self, expr: &Expr) -> bool {
        let mut found = matches!(expr, Expr::Subquery(..));
        expr.for_each_child(&mut |child| found = found || self.has_subquery(child));
        found
    }
}

impl Node {
    /// Calls `visit` with each expression of the step.
    pub fn for_each_expr(&self, visit: &mut dyn FnMut(&Expr)) {
        match self {
            Node::Index(scan) => scan.for_each_expr(visit),
            Node::IndexUnion(union) => {
                union
                    .scans
                    .iter()
                    .for_each(|scan| scan.for_each_expr(visit));
                union.filters.iter().for_each(visit);
            }
            Node::EnumerateCollection { filters, join, .. } => {
                filters.iter().for_each(&mut *visit);
                let keys = join.iter().flatten();
                keys.for_each(|key| visit(&key.value));
            }
            Node::EnumerateList { list, .. } => visit(list),
            Node::Filter(condition) => visit(condition),
            Node::Calculate { value, .. } => visit(value),
            Node::Sort { keys, limit } => {
                keys.iter().for_each(|(key, _)| visit(key));
                limit.iter().for_each(visit);
            }
            Node::Limit { offset, count, .. } => offset.iter().chain(count).for_each(visit),
            Node::Collect(collect) => {
                collect.groups.iter().for_each(|(_, value)| visit(value));
                let arguments = collect
                    .aggregates
                    .iter()
                    .filter_map(|(_, _, arg)| arg.as_ref());
                arguments.for_each(&mut *visit);
                collect.into.iter().for_each(|(_, value)| visit(value));
            }
            Node::Window(window) => {
                window.key.iter().for_each(&mut *visit);
                let arguments = window.aggregates.iter();
                arguments
                    .filter_map(|(_, _, arg)| arg.as_ref())
                    .for_each(visit);
            }
            Node::Modify(modify) => {
                visit(&modify.target);
                modify.with.iter().for_each(visit);
            }
            Node::Upsert(upsert) => {
                visit(&upsert.insert);
                visit(&upsert.update);
            }
            Node::Distinct(_) | Node::Buffer | Node::NoResults => {}
        }
    }

    /// Calls `visit` with each expression of the step, to be changed.
    pub fn for_each_expr_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match self {
            Node::Index(scan) => scan.for_each_expr_mut(visit),
            Node::IndexUnion(union) => {
                let scans = union.scans.iter_mut();
                scans.for_each(|scan| scan.for_each_expr_mut(visit));
                union.filters.iter_mut().for_each(visit);
            }
            Node::EnumerateCollection { filters, join, .. } => {
                filters.iter_mut().for_each(&mut *visit);
                let keys = join.iter_mut().flatten();
                keys.for_each(|key| visit(&mut key.value));
            }
            Node::EnumerateList { list, .. } => visit(list),
            Node::Filter(condition) => visit(condition),
            Node::Calculate { value, .. } => visit(value),
            Node::Sort { keys, limit } => {
                keys.iter_mut().for_each(|(key, _)| visit(key));
                limit.iter_mut().for_each(visit);
            }
            Node::Limit { offset, count, .. } => offset.iter_mut().chain(count).for_each(visit),
            Node::Collect(collect) => {
                collect
                    .groups
                    .iter_mut()
                    .for_each(|(_, value)| visit(value));
                let arguments = collect
                    .aggregates
                    .iter_mut()
                    .filter_map(|(_, _, arg)| arg.as_mut());
                arguments.for_each(&mut *visit);
                collect.into.iter_mut().for_each(|(_, value)| visit(value));
            }
            Node::Window(window) => {
                window.key.iter_mut().for_each(&mut *visit);
                let arguments = window.aggregates.iter_mut();
                arguments
                    .filter_map(|(_, _, arg)| arg.as_mut())
                    .for_each(visit);
            }
            Node::Modify(modify) => {
                visit(&mut modify.target);
                modify.with.iter_mut().for_each(visit);
            }
            Node::Upsert(upsert) => {
                visit(&mut upsert.insert);
                visit(&mut upsert.update);
            }
            Node::Distinct(_) | Node::Buffer | Node::NoResults => {}
        }
    }

    /// The variable of the documents that the step loops over, if it does.
    pub fn document(&self) -> Option<VarId> {
        match self {
            Node::EnumerateCollection { out, .. } => Some(*out),
            Node::Index(scan) => Some(scan.out),
            Node::IndexUnion(union) => Some(union.out),
            _ => None,
        }
    }

    /// What the step takes out of its documents, if that is all it reads of them.
    pub fn projections(&self) -> Option<&[Projection]> {
        match self {
            Node::EnumerateCollection { projections, .. } => projections.as_deref(),
            Node::Index(scan) => scan.projections.as_deref(),
            Node::IndexUnion(union) => union.projections.as_deref(),
            _ => None,
        }
    }

    /// The conditions that the step checks on its documents, to be added to.
    pub fn filters_mut(&mut self) -> Option<&mut Vec<Expr>> {
        match self {
            Node::EnumerateCollection { filters, .. } => Some(filters),
            Node::Index(scan) => Some(&mut scan.filters),
            Node::IndexUnion(union) => Some(&mut union.filters),
            _ => None,
        }
    }

    /// The variables that the step sets.
    pub fn sets(&self) -> VarSet {
        let mut set = VarSet::default();
        match self {
            Node::EnumerateList { out, .. } | Node::Calculate { out, .. } => set.insert(*out),
            Node::EnumerateCollection { .. } | Node::Index(_) | Node::IndexUnion(_) => {
                self.document().into_iter().for_each(|out| set.insert(out));
                let projections = self.projections().into_iter().flatten();
                projections.for_each(|projection| set.insert(projection.out));
            }
            Node::Collect(collect) => {
                collect.groups.iter().for_each(|(var, _)| set.insert(*var));
                collect
                    .aggregates
                    .iter()
                    .for_each(|(var, _, _)| set.insert(*var));
                collect.into.iter().for_each(|(var, _)| set.insert(*var));
            }
            Node::Window(window) => {
                let aggregates = window.aggregates.iter();
                aggregates.for_each(|(var, _, _)| set.insert(*var));
            }
            Node::Modify(modify) => modify
                .old
                .iter()
                .chain(&modify.new)
                .for_each(|var| set.insert(*var)),
            Node::Upsert(upsert) => {
                set.insert(upsert.old);
                upsert.new.iter().for_each(|var| set.insert(*var));
            }
            Node::Filter(_)
            | Node::Sort { .. }
            | Node::Limit { .. }
            | Node::Distinct(_)
            | Node::Buffer
            | Node::NoResults => {}
        }
        set
    }
}

impl IndexScan {
    pub(super) fn for_each_expr(&self, visit: &mut dyn FnMut(&Expr)) {
        self.equal.iter().chain(&self.any).for_each(&mut *visit);
        let bounds = self.lower.iter().chain(&self.upper);
        bounds.for_each(|(bound, _)| visit(bound));
        self.prefix.iter().for_each(|prefix| visit(&prefix.text));
        self.residual.iter().chain(&self.filters).for_each(visit);
    }

    fn for_each_expr_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        self.equal
            .iter_mut()
            .chain(&mut self.any)
            .for_each(&mut *visit);
        let bounds = self.lower.iter_mut().chain(&mut self.upper);
        bounds.for_each(|(bound, _)| visit(bound));
        if let Some(prefix) = &mut self.prefix {
            visit(&mut prefix.text);
        }
        let checks = self.residual.iter_mut().chain(&mut self.filters);
        checks.for_each(visit);
    }
}
