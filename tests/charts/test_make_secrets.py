"""The program that makes the release's Secret."""

from __future__ import annotations

import base64
import copy
import importlib.util
import re

import pytest

from .rendering import CHART

spec = importlib.util.spec_from_file_location("make_secrets", CHART / "files/make_secrets.py")
make_secrets = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_secrets)

NAME = "tvt-secrets"


class MemorySecrets:
    """The Secrets of a namespace, as the API server keeps them."""

    def __init__(self, values=None):
        self.secret = None
        self.before_write = lambda: None
        if values is not None:
            self._keep({"metadata": {"name": NAME}, "data": encoded(values)})

    @property
    def values(self):
        return {key: base64.b64decode(value).decode() for key, value in self.secret["data"].items()}

    def get(self, name):
        assert name == NAME
        return copy.deepcopy(self.secret)

    def create(self, secret):
        self._let_others_write()
        if self.secret is not None:
            raise make_secrets.ApiError(409, "already exists")
        self._keep(copy.deepcopy(secret))

    def patch(self, name, patch):
        self._let_others_write()
        if patch["metadata"]["resourceVersion"] != self.secret["metadata"]["resourceVersion"]:
            raise make_secrets.ApiError(409, "the object has been modified")
        data = {**self.secret["data"], **patch["data"]}
        self._keep({**self.secret, "data": data})

    def _let_others_write(self):
        others, self.before_write = self.before_write, lambda: None
        others()

    def _keep(self, secret):
        version = int(self.secret["metadata"]["resourceVersion"]) if self.secret else 0
        metadata = {**secret["metadata"], "resourceVersion": str(version + 1)}
        self.secret = {**secret, "metadata": metadata}


def encoded(values):
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def make(api, *, given=(), database_user="tantrum"):
    return make_secrets.make(
        api, NAME, labels={"app": "tvt"}, given=given, database_user=database_user
    )


def test_a_new_secret_has_every_key_and_is_kept():
    api = MemorySecrets()

    make(api)

    assert set(api.values) == {*make_secrets.GENERATED, *make_secrets.DERIVED}
    assert api.secret["metadata"]["labels"] == {"app": "tvt"}
    assert api.secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_passwords_are_long_differ_and_fit_into_addresses():
    api = MemorySecrets()

    make(api)

    values = [api.values[key] for key in make_secrets.GENERATED]
    assert len(set(values)) == len(values)
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in values)


def test_a_second_run_changes_nothing():
    api = MemorySecrets()
    make(api)
    before = copy.deepcopy(api.secret)

    assert make(api) == []
    assert api.secret == before


def test_a_secret_that_lacks_keys_gets_those_and_keeps_the_others():
    api = MemorySecrets({"database-password": "mine", "another": "yours"})

    make(api)

    assert api.values["database-password"] == "mine"
    assert api.values["another"] == "yours"
    assert set(make_secrets.GENERATED) <= set(api.values)


def test_the_users_of_pgbouncer_follow_the_password():
    api = MemorySecrets({"database-password": 'a "quoted" one'})
    make(api, database_user="shows")
    assert api.values["userlist.txt"] == '"shows" "a ""quoted"" one"\n'

    api.patch(
        NAME, {"metadata": api.secret["metadata"], "data": encoded({"database-password": "b"})}
    )
    make(api, database_user="shows")

    assert api.values["userlist.txt"] == '"shows" "b"\n'


def test_the_settings_of_redis_follow_its_password():
    api = MemorySecrets({"redis-password": "a_b-c"})

    make(api)

    assert api.values["redis-auth.conf"] == "requirepass a_b-c\n"


def test_what_only_the_user_knows_is_asked_for():
    with pytest.raises(LookupError, match="database-password"):
        make(MemorySecrets(), given=["database-password"])


@pytest.mark.parametrize("values", [None, {"database-password": "old"}])
def test_of_two_runs_at_once_one_is_told_to_look_again(values):
    api = MemorySecrets(values)
    api.before_write = lambda: make(api)

    with pytest.raises(make_secrets.ApiError) as refused:
        make(api)

    kept = copy.deepcopy(api.secret)
    assert refused.value.status == 409
    assert make(api) == []
    assert api.secret == kept
