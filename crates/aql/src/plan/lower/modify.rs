//! Statements that write.

use std::sync::Arc;

use error_codes::codes;
use value::Value;

use super::Lowerer;
use super::statement::push_filters;
use crate::error::{Error, Result};
use crate::plan::{
    BinaryOp, Block, CollectionId, Expr, IndexHint, Modify, ModifyOptions, Node, Overwrite,
    SubqueryId, Upsert, VarId,
};
use crate::syntax::ast::{self, ExprKind, ModifyKind, PropertyKey, UpsertSearch};

impl Lowerer<'_> {
    pub(super) fn modify(&mut self, modify: &ast::Modify, block: &mut Block) -> Result<()> {
        let target = self.expression(&modify.target)?;
        let with = modify
            .with
            .as_ref()
            .map(|with| self.expression(with))
            .transpose()?;
        let options = self.modify_options(modify.options.as_ref())?;
        let (collection, buffer) = self.write(&modify.collection, &options)?;
        let has_old = match modify.kind {
            ModifyKind::Insert => {
                matches!(options.overwrite, Overwrite::Replace | Overwrite::Update)
            }
            ModifyKind::Update | ModifyKind::Replace | ModifyKind::Remove => true,
        };
        self.unbind("OLD");
        self.unbind("NEW");
        let old = has_old.then(|| self.rebind("OLD"));
        let new = (modify.kind != ModifyKind::Remove).then(|| self.rebind("NEW"));
        block.nodes.push(Node::Modify(Box::new(Modify {
            kind: modify.kind,
            target,
            with,
            collection,
            options,
            old,
            new,
            buffer,
        })));
        Ok(())
    }

    /// Notes a write; whether the statement has to read all rows before it writes the first.
    fn write(
        &mut self,
        source: &ast::Source,
        options: &ModifyOptions,
    ) -> Result<(CollectionId, bool)> {
        let collection = self.collection(source, true)?;
        if let Some(used) = self.plan.collections.get_mut(collection.0) {
            used.is_exclusive |= options.exclusive;
        }
        if self.written.contains(&collection) {
            return Err(self.after_modification(collection));
        }
        self.written.push(collection);
        let buffer = self.reads_documents || self.read.contains(&collection);
        Ok((collection, buffer))
    }

    fn unbind(&mut self, name: &str) {
        let start = self.block_start;
        let mut at = 0;
        self.bindings.retain(|binding| {
            at += 1;
            at <= start || &*binding.name != name
        });
    }

    pub(super) fn upsert(&mut self, upsert: &ast::Upsert, block: &mut Block) -> Result<()> {
        let options = self.modify_options(upsert.options.as_ref())?;
        let hint = self.index_hint_quietly(upsert.options.as_ref())?;
        let insert = self.expression(&upsert.insert)?;
        let (collection, buffer) = self.write(&upsert.collection, &options)?;
        let old = self.plan.add_variable("OLD");
        let search = self.upsert_search(&upsert.search, collection, old, hint)?;
        self.unbind("OLD");
        self.unbind("NEW");
        self.bind_var("OLD", old);
        let update = self.expression(&upsert.update)?;
        let new = Some(self.rebind("NEW"));
        let buffer = buffer || !options.read_own_writes;
        block.nodes.push(Node::Upsert(Box::new(Upsert {
            search,
            insert,
            update,
            replace: upsert.replace,
            collection,
            options,
            old,
            new,
            buffer,
        })));
        Ok(())
    }

    /// `FOR old IN collection FILTER ... LIMIT 1 RETURN old`, starting from the row.
    fn upsert_search(
        &mut self,
        search: &UpsertSearch,
        collection: CollectionId,
        old: VarId,
        hint: IndexHint,
    ) -> Result<SubqueryId> {
        let mut nodes = Vec::new();
        let mut filters = Vec::new();
        match search {
            UpsertSearch::Filter(condition) => {
                self.bind_var("CURRENT", old);
                let condition = self.expression(condition)?;
                self.bindings.pop();
                push_filters(condition, &mut filters);
            }
            UpsertSearch::Example(example) => {
                self.example(example, Expr::Var(old), &mut nodes, &mut filters)?;
            }
        }
        nodes.push(Node::EnumerateCollection {
            collection,
            out: old,
            hint,
            filters: Vec::new(),
            join: None,
            projections: None,
        });
        nodes.append(&mut filters);
        nodes.push(Node::Limit {
            offset: None,
            count: Some(Expr::Const(Value::Int(1))),
            full_count: false,
        });
        self.plan.subqueries.push(Block {
            nodes,
            value: Some(Expr::Var(old)),
        });
        Ok(SubqueryId(self.plan.subqueries.len() - 1))
    }

    /// A comparison for each attribute of an example, also of the objects in it.
    fn example(
        &mut self,
        example: &ast::Expr,
        base: Expr,
        before: &mut Vec<Node>,
        filters: &mut Vec<Node>,
    ) -> Result<()> {
        let ExprKind::Object(properties) = &example.kind else {
            return Ok(());
        };
        for property in properties {
            let name: Arc<str> = match &property.key {
                PropertyKey::Name(name) => name.clone(),
                PropertyKey::Bind(name) => self.shape_bind(name)?.to_text(),
                PropertyKey::Computed(_) => {
                    return Err(Error::invalid(
                        codes::QUERY_PARSE,
                        "computed attribute names cannot be used to look for a document",
                    ));
                }
            };
            let path = Expr::attribute(base.clone(), name);
            if matches!(&property.value.kind, ExprKind::Object(inner) if !inner.is_empty()) {
                self.example(&property.value, path, before, filters)?;
                continue;
            }
            let mut value = self.expression(&property.value)?;
            if !value.is_const() && value.as_path().is_none() {
                let out = self.plan.add_variable("");
                before.push(Node::Calculate { out, value });
                value = Expr::Var(out);
            }
            filters.push(Node::Filter(Expr::Binary(
                BinaryOp::Equal,
                Box::new((path, value)),
            )));
        }
        Ok(())
    }
}
