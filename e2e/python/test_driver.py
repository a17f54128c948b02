"""python-arango as published: databases, collections, documents, indexes, cursors, import,
transactions, users and explain, each also with what the driver makes of a refusal."""

import os
import unittest
import warnings

import jwt
from arango import ArangoClient
from arango.exceptions import (
    AccessTokenCreateError,
    AQLQueryExecuteError,
    AQLQueryExplainError,
    AQLQueryKillError,
    AQLQueryValidateError,
    ArangoServerError,
    ClusterEndpointsError,
    ClusterHealthError,
    CollectionCreateError,
    CollectionDeleteError,
    CursorNextError,
    DatabaseCreateError,
    DatabaseDeleteError,
    DocumentInsertError,
    DocumentReplaceError,
    DocumentRevisionError,
    DocumentUpdateError,
    IndexCreateError,
    IndexDeleteError,
    ServerConnectionError,
    TransactionCommitError,
    TransactionExecuteError,
    TransactionFetchError,
    UserCreateError,
    UserDeleteError,
)
from server import Server

COUNT = 1000


class DriverTest(unittest.TestCase):
    """Each class has a server; each test a database of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.client = ArangoClient(hosts=cls.server.url)
        cls.system = cls.client.db("_system", username="root", password="")
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.server.stop()

    def setUp(self):
        type(self).count += 1
        self.name = f"test{self.count}"
        self.system.create_database(self.name)
        self.db = self.client.db(self.name, username="root", password="")

    def tearDown(self):
        self.system.delete_database(self.name)

    def refused(self, kind, number, call, *args, **options):
        """The driver's own error, with the documented number."""
        with self.assertRaises(kind) as caught:
            call(*args, **options)
        self.assertEqual(caught.exception.error_code, number, caught.exception)
        return caught.exception

    def people(self, count=0, **options):
        """A collection with so many documents."""
        people = self.db.create_collection("people", **options)
        people.insert_many([{"_key": f"p{n}", "n": n, "odd": n % 2 == 1} for n in range(count)])
        return people


class Databases(DriverTest):
    def test_connect(self):
        self.assertRegex(self.db.version(), r"^3\.\d+\.\d+")
        self.assertIsInstance(self.db.details(), dict)
        stranger = self.client.db("_system", username="root", password="wrong")
        with self.assertRaises(ServerConnectionError):
            stranger.conn.ping()

    def test_create_and_delete(self):
        self.assertTrue(self.system.has_database(self.name))
        self.assertIn(self.name, self.system.databases())
        self.assertIn(self.name, self.system.databases_accessible_to_user())
        self.assertEqual(self.db.properties()["name"], self.name)
        self.refused(DatabaseCreateError, 1207, self.system.create_database, self.name)
        self.refused(DatabaseCreateError, 1229, self.system.create_database, "a/b")
        self.refused(DatabaseDeleteError, 1228, self.system.delete_database, "none")
        self.assertFalse(self.system.delete_database("none", ignore_missing=True))

    def test_with_users(self):
        users = [{"username": "ann", "password": "secret", "active": True}]
        self.system.create_database("withusers", users=users)
        db = self.client.db("withusers", username="ann", password="secret")
        self.assertEqual(db.collection("_apps").count(), 0)
        self.system.delete_database("withusers")
        self.system.delete_user("ann")

    def test_server(self):
        self.assertEqual(self.system.engine()["name"], "rocksdb")
        self.assertEqual(self.system.role(), "SINGLE")
        self.assertGreater(self.system.time().year, 2020)
        self.assertIn("traditional", self.db.key_generators())
        self.assertIsInstance(self.db.status(), dict)


class Operations(DriverTest):
    def superuser(self):
        """A connection that speaks for nobody and may do everything."""
        with open(os.path.join(self.server.folder, "data", "jwt-secret")) as file:
            secret = file.read().strip()
        claims = {"iss": "arangodb", "server_id": "test", "exp": 4102444800}
        token = jwt.encode(claims, secret, algorithm="HS256")
        return self.client.db("_system", superuser_token=token, verify=True)

    def test_figures(self):
        statistics = self.system.statistics()
        self.assertGreater(statistics["http"]["requestsTotal"], 0)
        described = self.system.statistics(description=True)["figures"]
        for figure in described:
            group = statistics[figure["group"]]
            self.assertIn(figure["identifier"], group, figure)
        self.assertIn("vulpes_http_requests_total", self.system.metrics())
        self.assertEqual(self.system.support_info()["deployment"], {"type": "single"})
        self.assertEqual(self.system.license()["license"], "none")
        self.assertEqual(self.system.required_db_version(), "31210")
        self.assertEqual(self.system.tls(), {"keyfile": {}, "clientCA": {}})

    def test_echo(self):
        self.assertEqual(self.system.echo()["requestType"], "GET")
        self.assertEqual(self.system.echo({"a": 1})["requestBody"], '{"a":1}')

    def test_log(self):
        entries = self.system.read_log_entries(upto="info", sort="desc", size=3)
        self.assertGreater(entries["total"], 0)
        self.assertLessEqual(len(entries["messages"]), 3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            older = self.system.read_log(level="info")
        self.assertEqual(len(older["lid"]), len(older["text"]))
        self.assertEqual(self.system.log_levels()["general"], "INFO")
        self.assertEqual(self.system.set_log_levels(aql="DEBUG")["aql"], "DEBUG")
        self.assertEqual(self.system.reset_log_levels()["aql"], "INFO")
        self.assertEqual(self.system.log_settings()["database"], False)

    def test_mode(self):
        things = self.db.create_collection("things")
        self.assertEqual(self.system.mode(), "default")
        self.assertEqual(self.system.set_mode("readonly")["mode"], "readonly")
        try:
            self.assertEqual(self.system.check_availability(), "readonly")
            self.refused(DocumentInsertError, 1004, things.insert, {})
            self.refused(CollectionCreateError, 11, self.db.create_collection, "more")
        finally:
            self.system.set_mode("default")
        things.insert({})

    def test_tokens(self):
        self.system.create_user("robot", "secret")
        try:
            token = self.system.create_access_token("robot", "ci", 4102444800)
            robot = self.client.db("_system", username="robot", password=token["token"])
            self.assertRegex(robot.version(), r"^3\.")
            listed = self.system.list_access_tokens("robot")
            self.assertEqual([one["name"] for one in listed], ["ci"])
            again = self.system.create_access_token
            self.refused(AccessTokenCreateError, 409, again, "robot", "ci", 4102444800)
            self.system.delete_access_token("robot", token["id"])
            self.assertEqual(self.system.list_access_tokens("robot"), [])
        finally:
            self.system.delete_user("robot")

    def test_superuser(self):
        root = self.superuser()
        self.assertRegex(root.jwt_secrets()["active"]["sha256"], r"^[0-9a-f]{64}$")
        self.assertEqual(root.reload_jwt_secrets(), root.jwt_secrets())
        self.assertEqual(root.options()["server.authentication"], True)
        self.assertIn("http.body-bytes-max", root.options_available())
        self.assertNotIn("root-password", root.options())
        root.compact()
        for call in (self.system.compact, self.system.options, self.system.jwt_secrets):
            with self.assertRaises(ArangoServerError) as caught:
                call()
            self.assertEqual(caught.exception.http_code, 403)

    def test_alone(self):
        cluster = self.system.cluster
        self.assertEqual(cluster.server_role(), "SINGLE")
        self.refused(ClusterEndpointsError, 1470, cluster.endpoints)
        self.refused(ClusterHealthError, 403, cluster.health)

    def test_missing(self):
        for call in (self.db.graphs, self.db.views, self.db.analyzers, self.db.tasks):
            with self.assertRaises(ArangoServerError) as caught:
                call()
            self.assertEqual(caught.exception.error_code, 9)


class Collections(DriverTest):
    def test_life(self):
        people = self.people(3)
        self.assertTrue(self.db.has_collection("people"))
        self.assertIn("people", [one["name"] for one in self.db.collections()])
        self.refused(CollectionCreateError, 1207, self.db.create_collection, "people")
        self.refused(CollectionCreateError, 1208, self.db.create_collection, "a/b")
        self.assertEqual(people.count(), 3)
        before = people.revision()
        people.insert({"_key": "x"})
        self.assertNotEqual(people.revision(), before)
        self.assertTrue(people.checksum(with_rev=True, with_data=True))
        self.assertIn("indexes", people.statistics())
        self.assertEqual(people.recalculate_count(), True)
        people.rename("folk")
        self.assertFalse(self.db.has_collection("people"))
        folk = self.db.collection("folk")
        self.assertEqual(folk.count(), 4)
        folk.truncate()
        self.assertEqual(folk.count(), 0)
        self.db.delete_collection("folk")
        self.refused(CollectionDeleteError, 1203, self.db.delete_collection, "folk")

    def test_properties(self):
        rule = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}
        schema = {"rule": rule, "level": "strict", "message": "n is missing"}
        doubled = {"name": "twice", "expression": "RETURN @doc.n * 2", "overwrite": True}
        people = self.people(schema=schema, computedValues=[doubled])
        self.assertEqual(people.properties()["schema"]["message"], "n is missing")
        error = self.refused(DocumentInsertError, 1620, people.insert, {"n": "one"})
        self.assertIn("n is missing", error.error_message)
        new = people.insert({"n": 21}, return_new=True)["new"]
        self.assertEqual(new["twice"], 42)
        people.configure(schema={**schema, "level": "none"}, computed_values=[])
        people.insert({"n": "one"})

    def test_keys(self):
        lines = self.db.create_collection(
            "lines", key_generator="autoincrement", key_increment=5, key_offset=2
        )
        keys = [lines.insert({})["_key"] for _ in range(3)]
        self.assertEqual(keys, ["2", "7", "12"])
        strict = self.db.create_collection("strict", user_keys=False)
        self.refused(DocumentInsertError, 1222, strict.insert, {"_key": "mine"})


class Documents(DriverTest):
    def test_one(self):
        people = self.people()
        meta = people.insert({"_key": "ann", "a": {"x": 1, "y": 2}}, return_new=True)
        self.assertEqual(meta["new"]["a"], {"x": 1, "y": 2})
        self.assertEqual(people.get("ann")["_rev"], meta["_rev"])
        self.assertIsNone(people.get("bob"))
        self.assertTrue(people.has("ann"))
        self.refused(DocumentInsertError, 1210, people.insert, {"_key": "ann"})
        self.refused(DocumentInsertError, 1221, people.insert, {"_key": "a b"})
        changed = people.update({"_key": "ann", "a": {"y": None}}, keep_none=False, return_new=True)
        self.assertEqual(changed["new"]["a"], {"x": 1})
        self.assertEqual(changed["_old_rev"], meta["_rev"])
        stale = {"_key": "ann", "_rev": meta["_rev"], "b": 1}
        self.refused(DocumentRevisionError, 1200, people.replace, stale)
        self.refused(DocumentReplaceError, 1202, people.replace, {"_key": "bob"})
        self.refused(DocumentUpdateError, 1202, people.update, {"_key": "bob"})
        ignored = people.insert({"_key": "ann", "c": 1}, overwrite_mode="ignore")
        self.assertEqual(ignored["_rev"], changed["_rev"])
        people.insert({"_key": "ann", "c": 1}, overwrite_mode="replace")
        self.assertEqual(people.get("ann").get("a"), None)
        self.assertTrue(people.delete("ann", silent=True))
        self.assertFalse(people.delete("ann", ignore_missing=True))

    def test_many(self):
        people = self.people(3)
        results = people.insert_many([{"_key": "q"}, {"_key": "p1"}, {"_key": "r"}])
        self.assertIsInstance(results[1], DocumentInsertError)
        self.assertEqual(results[1].error_code, 1210)
        self.assertEqual(people.count(), 5)
        self.assertEqual(len(people.get_many(["p0", "q", "none"])), 2)
        people.update_many([{"_key": "q", "n": 7}, {"_key": "r", "n": 7}])
        self.assertEqual(len(list(people.find({"n": 7}))), 2)
        people.update_match({"n": 7}, {"n": 8})
        self.assertEqual(people.delete_match({"n": 8}), 2)
        self.assertEqual(sorted(people.keys()), ["p0", "p1", "p2"])
        self.assertEqual(len(list(people.all(skip=1, limit=1))), 1)
        self.assertIn(people.random()["_key"], ["p0", "p1", "p2"])

    def test_edges(self):
        self.people(2)
        knows = self.db.create_collection("knows", edge=True)
        knows.insert({"_from": "people/p0", "_to": "people/p1"})
        self.refused(DocumentInsertError, 1233, knows.insert, {"_from": "people"})
        found = self.db.aql.execute("FOR k IN knows FILTER k._from == 'people/p0' RETURN k._to")
        self.assertEqual(list(found), ["people/p1"])

    def test_import(self):
        people = self.people()
        rows = [{"_key": f"k{n}", "n": n} for n in range(500)]
        bad = [{"_key": "k1", "n": 0}, {"_key": "a b"}]
        done = people.import_bulk(rows + bad, halt_on_error=False, details=True)
        self.assertEqual((done["created"], done["errors"]), (500, 2))
        self.assertEqual(len(done["details"]), 2)
        done = people.import_bulk([{"_key": "k1", "m": 1}], on_duplicate="update")
        self.assertEqual(done["updated"], 1)
        self.assertEqual(people.get("k1")["n"], 1)
        done = people.import_bulk(rows, batch_size=100, on_duplicate="ignore")
        self.assertEqual(sum(batch["ignored"] for batch in done), 500)
        self.refused(
            DocumentInsertError, 1210, people.import_bulk, [{"_key": "k1"}], halt_on_error=True
        )


class Indexes(DriverTest):
    def test_life(self):
        people = self.people(4)
        self.assertEqual([one["type"] for one in people.indexes()], ["primary"])
        made = people.add_index(
            {"type": "persistent", "fields": ["n"], "unique": True, "name": "by_n"}
        )
        self.assertTrue(made["unique"])
        self.assertEqual(people.get_index(made["id"])["name"], "by_n")
        again = people.add_index({"type": "persistent", "fields": ["n"], "unique": True})
        self.assertEqual(again["id"], made["id"])
        self.refused(DocumentInsertError, 1210, people.insert, {"n": 1})
        bad = {"type": "persistent", "fields": ["odd"], "unique": True}
        self.refused(IndexCreateError, 1210, people.add_index, bad)
        self.refused(IndexCreateError, 10, people.add_index, {"type": "ttl", "fields": []})
        people.add_index({"type": "ttl", "fields": ["at"], "expireAfter": 60})
        array = {"type": "persistent", "fields": ["tags[*]"], "storedValues": ["n"]}
        people.add_index({**array, "sparse": True, "inBackground": True})
        self.assertEqual(len(people.indexes()), 4)
        self.assertTrue(people.delete_index("by_n"))
        self.refused(IndexDeleteError, 1212, people.delete_index, "by_n")


class Queries(DriverTest):
    def test_batches(self):
        self.people(COUNT)
        text = "FOR p IN @@c SORT p.n RETURN p.n"
        cursor = self.db.aql.execute(text, bind_vars={"@c": "people"}, batch_size=7, count=True)
        self.assertEqual(cursor.count(), COUNT)
        self.assertTrue(cursor.has_more())
        self.assertEqual(list(cursor), list(range(COUNT)))
        stream = self.db.aql.execute(
            text, bind_vars={"@c": "people"}, batch_size=100, stream=True
        )
        self.assertEqual(sum(1 for _ in stream), COUNT)
        full = self.db.aql.execute("FOR p IN people LIMIT 3 RETURN 1", full_count=True)
        self.assertEqual(full.statistics()["fullCount"], COUNT)

    def test_retry(self):
        self.people(10)
        cursor = self.db.aql.execute(
            "FOR p IN people RETURN 1", batch_size=3, allow_retry=True
        )
        cursor.fetch()
        self.assertTrue(cursor.close())

    def test_closed_cursor(self):
        self.people(10)
        cursor = self.db.aql.execute("FOR p IN people RETURN 1", batch_size=3)
        cursor.close()
        self.refused(CursorNextError, 1600, cursor.fetch)

    def test_errors(self):
        run = self.db.aql.execute
        self.refused(AQLQueryExecuteError, 1501, run, "FOR x IN")
        self.refused(AQLQueryExecuteError, 1203, run, "FOR x IN nowhere RETURN x")
        self.refused(AQLQueryExecuteError, 1551, run, "RETURN @x")
        self.refused(AQLQueryExecuteError, 1540, run, "RETURN NONE_SUCH()")
        self.refused(AQLQueryExecuteError, 32, run, "RETURN 1..1000000", memory_limit=32768)
        self.refused(AQLQueryExecuteError, 1500, run, "RETURN SLEEP(30)", max_runtime=0.1)
        self.refused(AQLQueryKillError, 1591, self.db.aql.kill, "1")
        self.refused(AQLQueryValidateError, 1501, self.db.aql.validate, "RETURN")
        warned = run("RETURN 1 / 0")
        self.assertEqual(warned.warnings()[0]["code"], 1562)
        self.refused(AQLQueryExecuteError, 1562, run, "RETURN 1 / 0", fail_on_warning=True)

    def test_explain(self):
        people = self.people(COUNT)
        people.add_index({"type": "persistent", "fields": ["n"]})
        plan = self.db.aql.explain("FOR p IN people FILTER p.n == @n RETURN p", bind_vars={"n": 1})
        self.assertIn("IndexNode", [node["type"] for node in plan["nodes"]])
        self.assertIn("use-indexes", plan["rules"])
        self.refused(AQLQueryExplainError, 1203, self.db.aql.explain, "FOR x IN nowhere RETURN x")
        parsed = self.db.aql.validate("FOR p IN people FILTER p.n == @n RETURN p")
        self.assertEqual(parsed["collections"], ["people"])
        rules = [rule["name"] for rule in self.db.aql.query_rules()]
        self.assertIn("use-indexes", rules)
        profiled = self.db.aql.execute("FOR p IN people RETURN 1", profile=2)
        self.assertIn("executing", profiled.profile())
        self.assertTrue(profiled.plan()["nodes"])

    def test_tracking(self):
        tracking = self.db.aql.set_tracking(max_slow_queries=7)
        self.assertEqual(tracking["max_slow_queries"], 7)
        self.assertEqual(self.db.aql.tracking()["max_slow_queries"], 7)
        self.assertTrue(self.db.aql.clear_slow_queries())
        self.assertEqual(self.db.aql.slow_queries(), [])

    def test_functions(self):
        code = "function (c) { return c * 1.8 + 32; }"
        made = self.db.aql.create_function("TEMP::TO_F", code)
        self.assertTrue(made["is_new"])
        self.assertEqual(self.db.aql.execute("RETURN TEMP::TO_F(100)").next(), 212)
        self.assertEqual(len(self.db.aql.functions()), 1)
        self.assertEqual(self.db.aql.delete_function("TEMP", group=True)["deleted"], 1)
        self.refused(AQLQueryExecuteError, 1582, self.db.aql.execute, "RETURN TEMP::TO_F(1)")


class Transactions(DriverTest):
    def test_stream(self):
        people = self.people(2)
        txn = self.db.begin_transaction(read="people", write="people")
        inside = txn.collection("people")
        inside.insert({"_key": "new"})
        self.assertTrue(inside.has("new"))
        self.assertFalse(people.has("new"))
        self.assertEqual(txn.aql.execute("RETURN LENGTH(people)").next(), 3)
        self.assertEqual(txn.transaction_status(), "running")
        listed = [one["id"] for one in self.db.list_transactions()]
        self.assertIn(txn.transaction_id, listed)
        txn.commit_transaction()
        self.assertTrue(people.has("new"))
        self.assertEqual(txn.transaction_status(), "committed")

    def test_abort_and_conflict(self):
        people = self.people(2)
        first = self.db.begin_transaction(write="people")
        second = self.db.begin_transaction(write="people")
        first.collection("people").update({"_key": "p0", "n": 10})
        with self.assertRaises((DocumentUpdateError, TransactionCommitError)) as caught:
            second.collection("people").update({"_key": "p0", "n": 20})
            first.commit_transaction()
            second.commit_transaction()
        self.assertEqual(caught.exception.error_code, 1200)
        if first.transaction_status() == "running":
            first.commit_transaction()
        if second.transaction_status() == "running":
            second.abort_transaction()
        self.assertEqual(people.get("p0")["n"], 10)
        third = self.db.begin_transaction(exclusive="people")
        third.collection("people").truncate()
        third.abort_transaction()
        self.assertEqual(people.count(), 2)
        unknown = self.db.fetch_transaction(first.transaction_id)
        self.assertEqual(unknown.transaction_status(), "committed")
        self.refused(TransactionFetchError, 1655, self.db.fetch_transaction, "99999999999")

    def test_undeclared_write(self):
        self.people(1)
        self.db.create_collection("other")
        txn = self.db.begin_transaction(write="people")
        other = txn.collection("other")
        self.refused(DocumentInsertError, 1652, other.insert, {})
        txn.abort_transaction()

    def test_javascript(self):
        people = self.people(2)
        action = """function (params) {
            const people = require('@arangodb').db.people;
            people.insert({_key: params.key});
            if (params.fails) { throw new Error('no'); }
            return people.count();
        }"""
        run = self.db.execute_transaction
        self.assertEqual(run(action, params={"key": "a"}, write="people"), 3)
        with self.assertRaises(TransactionExecuteError):
            run(action, params={"key": "b", "fails": True}, write="people")
        self.assertFalse(people.has("b"))


class Users(DriverTest):
    def tearDown(self):
        self.system.delete_user("ann", ignore_missing=True)
        super().tearDown()

    def test_life(self):
        made = self.system.create_user("ann", password="one", extra={"team": "red"})
        self.assertEqual(made["extra"], {"team": "red"})
        self.refused(UserCreateError, 1702, self.system.create_user, "ann")
        self.system.update_user("ann", password="two", extra={"size": 3})
        self.assertEqual(self.system.user("ann")["extra"], {"size": 3})
        self.assertIn("ann", [user["username"] for user in self.system.users()])
        self.system.delete_user("ann")
        self.refused(UserDeleteError, 1703, self.system.delete_user, "ann")

    def test_permissions(self):
        people = self.people(2)
        self.db.create_collection("secret")
        self.system.create_user("ann", password="one")
        ann = self.client.db(self.name, username="ann", password="one")
        with self.assertRaises(AQLQueryExecuteError) as caught:
            ann.aql.execute("RETURN 1")
        self.assertEqual(caught.exception.http_code, 401)
        self.system.update_permission("ann", "ro", self.name)
        self.assertEqual(ann.collection("people").count(), 2)
        with self.assertRaises(DocumentInsertError) as caught:
            ann.collection("people").insert({})
        self.assertEqual(caught.exception.http_code, 403)
        self.system.update_permission("ann", "rw", self.name)
        self.system.update_permission("ann", "none", self.name, "secret")
        ann.collection("people").insert({})
        self.assertEqual(people.count(), 3)
        with self.assertRaises(AQLQueryExecuteError) as caught:
            ann.aql.execute("FOR s IN secret RETURN s")
        self.assertEqual(caught.exception.http_code, 403)
        self.assertEqual(self.system.permission("ann", self.name), "rw")
        self.system.reset_permission("ann", self.name, "secret")
        self.assertEqual(list(ann.aql.execute("FOR s IN secret RETURN s")), [])


if __name__ == "__main__":
    unittest.main()
