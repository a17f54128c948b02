//! The last touches, which every plan gets.

use super::{Block, CollectionId, Expr, Node, Plan, SubqueryId, SubqueryUse, VarSet};

impl Plan {
    /// Makes a plan ready to run: values that never change are computed once, documents that
    /// nobody reads are not given back, and `fullCount` knows its `LIMIT`.
    pub fn finish(&mut self) {
        self.mark_full_count();
        self.drop_unread_documents();
        self.buffer_before_limits();
        self.buffer_before_subqueries();
        self.mark_once();
    }

    /// `fullCount` counts at the last `LIMIT` of the query itself.
    fn mark_full_count(&mut self) {
        let limits = self.root.nodes.iter_mut().rev();
        for node in limits {
            if let Node::Limit { full_count, .. } = node {
                *full_count = true;
                return;
            }
        }
    }

    fn drop_unread_documents(&mut self) {
        let mut read = VarSet::default();
        self.add_block_reads(&self.root, &mut read);
        for block in &self.subqueries {
            self.add_block_reads(block, &mut read);
        }
        let drop = |nodes: &mut Vec<Node>| {
            for node in nodes {
                match node {
                    Node::Modify(modify) => {
                        modify.old = modify.old.filter(|var| read.contains(*var));
                        modify.new = modify.new.filter(|var| read.contains(*var));
                    }
                    Node::Upsert(upsert) => {
                        upsert.new = upsert.new.filter(|var| read.contains(*var));
                    }
                    _ => {}
                }
            }
        };
        drop(&mut self.root.nodes);
        self.subqueries
            .iter_mut()
            .for_each(|block| drop(&mut block.nodes));
    }

    /// A `LIMIT` after a modification limits rows, not writes.
    fn buffer_before_limits(&mut self) {
        let mark = |block: &mut Block| {
            let mut limited = false;
            for node in block.nodes.iter_mut().rev() {
                match node {
                    Node::Limit { .. } => limited = true,
                    Node::Modify(modify) => modify.buffer |= limited,
                    Node::Upsert(upsert) => upsert.buffer |= limited,
                    _ => {}
                }
            }
        };
        mark(&mut self.root);
        self.subqueries.iter_mut().for_each(mark);
    }

    /// A loop does not see what a subquery further on writes: all its rows are read before.
    fn buffer_before_subqueries(&mut self) {
        if !self.is_modification() {
            return;
        }
        let shape = self.clone();
        let mark = |block: &mut Block| {
            let mut read = Vec::new();
            let mut nodes = Vec::with_capacity(block.nodes.len());
            for node in block.nodes.drain(..) {
                let mut writes = false;
                node.for_each_expr(&mut |expr| writes = writes || shape.writes_any(expr, &read));
                if writes {
                    nodes.push(Node::Buffer);
                }
                match &node {
                    Node::EnumerateCollection { collection, .. } => read.push(*collection),
                    Node::Index(scan) => read.push(scan.collection),
                    Node::IndexUnion(union) => read.push(union.collection),
                    _ => {}
                }
                nodes.push(node);
            }
            let mut value = block.value.iter();
            if value.any(|value| shape.writes_any(value, &read)) {
                nodes.push(Node::Buffer);
            }
            block.nodes = nodes;
        };
        mark(&mut self.root);
        self.subqueries.iter_mut().for_each(mark);
    }

    /// Whether a subquery of an expression writes to one of the collections.
    fn writes_any(&self, expr: &Expr, collections: &[CollectionId]) -> bool {
        let mut writes = match expr {
            Expr::Subquery(id, _) => self.block_writes_any(self.subquery(*id), collections),
            _ => false,
        };
        expr.for_each_child(&mut |child| writes = writes || self.writes_any(child, collections));
        writes
    }

    fn block_writes_any(&self, block: &Block, collections: &[CollectionId]) -> bool {
        let mut writes = false;
        for node in &block.nodes {
            writes |= match node {
                Node::Modify(modify) => collections.contains(&modify.collection),
                Node::Upsert(upsert) => collections.contains(&upsert.collection),
                _ => false,
            };
            node.for_each_expr(&mut |expr| writes = writes || self.writes_any(expr, collections));
        }
        let mut value = block.value.iter();
        writes || value.any(|value| self.writes_any(value, collections))
    }

    fn mark_once(&mut self) {
        let shape = self.clone();
        let mut count = 0;
        let mut mark = |block: &mut Block| {
            for node in &mut block.nodes {
                node.for_each_expr_mut(&mut |expr| shape.wrap_once(expr, &mut count));
            }
            block
                .value
                .iter_mut()
                .for_each(|expr| shape.wrap_once(expr, &mut count));
        };
        mark(&mut self.root);
        self.subqueries.iter_mut().for_each(&mut mark);
        self.once_count = count;
    }

    /// Wraps the largest parts of an expression that do not depend on rows.
    fn wrap_once(&self, expr: &mut Expr, count: &mut usize) {
        match expr {
            Expr::Const(_) | Expr::Bind(_) | Expr::Var(_) | Expr::Path(..) | Expr::Local(_) => {}
            Expr::Range(pair) => {
                // Ranges are cheap by their bounds and costly as arrays.
                self.wrap_once(&mut pair.0, count);
                self.wrap_once(&mut pair.1, count);
            }
            Expr::Once(..) => {}
            _ if self.is_independent(expr) => {
                let inner = std::mem::replace(expr, Expr::Const(value::Value::Null));
                *expr = Expr::Once(*count, Box::new(inner));
                *count += 1;
            }
            _ => expr.for_each_child_mut(&mut |child| self.wrap_once(child, count)),
        }
    }

    fn is_independent(&self, expr: &Expr) -> bool {
        let own = match expr {
            Expr::Local(_) => false,
            Expr::Subquery(id, SubqueryUse::Rows | SubqueryUse::First | SubqueryUse::Count) => {
                !self.is_modification() && self.is_closed(*id)
            }
            _ => true,
        };
        own && self.is_pure(expr) && {
            let outside = self.outer_reads(expr);
            let mut locals = true;
            expr.for_each_child(&mut |child| locals = locals && self.has_no_local(child));
            outside.is_empty() && locals
        }
    }

    fn has_no_local(&self, expr: &Expr) -> bool {
        let mut none = match expr {
            Expr::Local(_) => false,
            Expr::Subquery(id, _) => !self.is_modification() && self.is_closed(*id),
            _ => true,
        };
        expr.for_each_child(&mut |child| none = none && self.has_no_local(child));
        none
    }

    /// Whether a subquery reads nothing from outside: no variables, no locals.
    fn is_closed(&self, id: SubqueryId) -> bool {
        let block = self.subquery(id);
        let mut closed = true;
        let mut check = |expr: &Expr| closed = closed && self.has_no_local(expr);
        for node in &block.nodes {
            node.for_each_expr(&mut check);
        }
        block.value.iter().for_each(check);
        closed && self.block_outer_reads(block).is_empty()
    }

    /// The variables that an expression reads and that its own subqueries do not set.
    pub fn outer_reads(&self, expr: &Expr) -> VarSet {
        let mut set = VarSet::default();
        self.add_outer_reads(expr, &mut set);
        set
    }

    fn add_outer_reads(&self, expr: &Expr, set: &mut VarSet) {
        match expr {
            Expr::Var(var) | Expr::Path(var, _) => set.insert(*var),
            Expr::Subquery(id, _) => set.extend(&self.block_outer_reads(self.subquery(*id))),
            _ => {}
        }
        expr.for_each_child(&mut |child| self.add_outer_reads(child, set));
    }

    /// The variables that a block reads and does not set itself.
    pub fn block_outer_reads(&self, block: &Block) -> VarSet {
        let mut reads = VarSet::default();
        let mut sets = VarSet::default();
        for node in &block.nodes {
            node.for_each_expr(&mut |expr| self.add_outer_reads(expr, &mut reads));
            if let Node::Distinct(var) = node {
                reads.insert(*var);
            }
            if let Node::Upsert(upsert) = node {
                reads.extend(&self.block_outer_reads(self.subquery(upsert.search)));
            }
            sets.extend(&node.sets());
        }
        block
            .value
            .iter()
            .for_each(|value| self.add_outer_reads(value, &mut reads));
        reads.remove_all(&sets);
        reads
    }

    /// Whether the rows depend on nothing but the documents.
    pub fn is_cacheable(&self) -> bool {
        let mut pure = !self.is_modification() && self.warnings.is_empty();
        for block in std::iter::once(&self.root).chain(&self.subqueries) {
            for node in &block.nodes {
                node.for_each_expr(&mut |expr| pure = pure && self.is_pure(expr));
            }
            block
                .value
                .iter()
                .for_each(|value| pure = pure && self.is_pure(value));
        }
        pure
    }
}
