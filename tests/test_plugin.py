"""The pytest plugin, run in another project."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

CONFTEST = 'pytest_plugins = ["thanksio.testing.plugin"]\n'


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Make a project that asks for the plugin and has no other."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(CONFTEST)
    return pytester


def outcome(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:cacheprovider", "--strict-markers", "-W", "error", *options)


def test_its_fixtures_are_a_fake_and_a_client(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from thanksio import ThanksIO

        def test_with_the_client(thanksio_fake, thanksio_client):
            assert thanksio_client.cancel_order(37294).status == "cancelled"
            assert thanksio_fake.orders[37294].status == "cancelled"

        def test_with_a_client_of_ones_own(thanksio_fake):
            with ThanksIO() as client:
                assert client.cancel_order(37294).status == "cancelled"
            assert len(thanksio_fake.calls) == 1
        """
    )

    outcome(project).assert_outcomes(passed=2)


def test_the_marker_plays_faults_in_their_order(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from thanksio import APITimeoutError, ThanksIO

        @pytest.mark.thanksio_fault("lost_response", times=2)
        @pytest.mark.thanksio_fault("throttled_429")
        def test_queue(thanksio_fake, thanksio_client):
            thanksio_client.cancel_order(37294)
            faults = [call.fault for call in thanksio_fake.calls]
            assert faults == ["lost_response", "lost_response", "throttled_429", None]

        @pytest.mark.thanksio_fault("server_error_500", times=None)
        def test_for_ever(thanksio_fake, thanksio_client):
            with pytest.raises(Exception, match="500"):
                thanksio_client.cancel_order(37294)
            assert len(thanksio_fake.calls) == 4

        @pytest.mark.thanksio_fault("tls_closed")
        def test_of_tls(thanksio_fake, thanksio_client):
            assert thanksio_client.cancel_order(37294).status == "cancelled"
            with ThanksIO() as client:
                assert client.cancel_order(37294).status == "cancelled"
            assert thanksio_fake.base_url.startswith("https://")

        @pytest.mark.thanksio_fault("port_closed")
        def test_that_lasts(thanksio_fake, thanksio_client):
            with pytest.raises(Exception, match="no response") as caught:
                thanksio_client.cancel_order(37294)
            assert caught.value.may_have_cancelled is False
        """
    )

    outcome(project).assert_outcomes(passed=4)


UNUSABLE = {
    '"no_such"': "Unknown fault 'no_such'",
    "": 'use it as thanksio_fault("lost_response", times=1)',
    '"reset", tmes=2': "use it as",
    '"reset", times=0': "times must be an integer of at least 1",
}


def test_an_unusable_marker_is_an_error_with_the_reason(project: pytest.Pytester) -> None:
    tests = (
        f"@pytest.mark.thanksio_fault({arguments})\ndef test_{index}(thanksio_fake): pass\n"
        for index, arguments in enumerate(UNUSABLE)
    )
    project.makepyfile("".join(["import pytest\n", *tests]))

    result = outcome(project)

    result.assert_outcomes(errors=len(UNUSABLE))
    result.stdout.fnmatch_lines([f"*@pytest.mark.thanksio_fault: *{words}*" for words in UNUSABLE.values()])


def test_a_marker_without_the_fixture_fails(project: pytest.Pytester) -> None:
    project.makepyfile('import pytest\n@pytest.mark.thanksio_fault("reset")\ndef test_it(): pass\n')

    result = outcome(project)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*thanksio_fault needs the fixture thanksio_fake or thanksio_client.*"])


def test_an_exception_inside_of_the_fake_fails_the_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_it(thanksio_fake, thanksio_client):
            thanksio_fake.orders[37294].fields["odd"] = object()
            try:
                thanksio_client.cancel_order(37294)
            except Exception:
                pass  # as code under test might
        """
    )

    result = outcome(project)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*TypeError: Object of type object is not JSON serializable*"])


def test_it_works_under_xdist(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(8))
        def test_it(thanksio_fake, thanksio_client, number):
            assert thanksio_client.cancel_order(37294).status == "cancelled"
            assert len(thanksio_fake.calls) == 1
        """
    )

    outcome(project, "-p", "xdist", "-n", "2").assert_outcomes(passed=8)


def test_it_works_inside_of_a_running_event_loop(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import asyncio

        def test_it(thanksio_fake):
            async def use():
                async with thanksio_fake.async_client() as client:
                    return await client.cancel_order(37294)

            assert asyncio.run(use()).status == "cancelled"
        """
    )

    outcome(project).assert_outcomes(passed=1)


def test_without_its_extra_the_error_names_the_extra(project: pytest.Pytester) -> None:
    project.makeconftest(f"import sys\nsys.modules['trustme'] = None\n{CONFTEST}")
    project.makepyfile(
        """
        import pytest

        def test_without_tls(thanksio_client):
            assert thanksio_client.cancel_order(37294).status == "cancelled"

        @pytest.mark.thanksio_fault("tls_refused")
        def test_with_tls(thanksio_client):
            raise AssertionError
        """
    )

    result = outcome(project)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*A fake with TLS needs its extra: pip install 'thanksio[[]testing]'"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_it_is_loaded_only_on_request(project: pytest.Pytester) -> None:
    project.makeconftest("")
    project.makepyfile("def test_it(thanksio_fake): pass")

    outcome(project).assert_outcomes(errors=1)
    assert [point.name for point in entry_points(group="pytest11") if point.value.startswith("thanksio")] == []
