"""calls.py: calls upward, circles between rooms, functions without a caller, and their twins."""

import unittest

import c_text
import calls


def judged(**files: str) -> list[str]:
    """Findings over a program; "src__plan__a" is the file src/plan/a.c, with "_h" at the end .h."""
    sources = []
    for name, text in files.items():
        path = name.replace("__", "/")
        path = path[:-2] + ".h" if path.endswith("_h") else path + ".c"
        sources.append((path, c_text.blank(text)))
    program = calls.read(sources)
    found = [*calls.upward(program), *calls.circles(program), *calls.uncalled(program)]
    return [f"{path}: {message}" for path, _, message in found]


def caller(name: str, *calls_: str) -> str:
    return f"int {name}(void)\n{{\n    return {' + '.join(f'{c}()' for c in calls_) or '1'};\n}}\n"


class Calls(unittest.TestCase):
    def assert_finds(self, part: str, **files: str) -> None:
        self.assertTrue(any(part in f for f in judged(**files)), judged(**files))

    def assert_silent(self, part: str, **files: str) -> None:
        self.assertFalse([f for f in judged(**files) if part in f])

    def test_between_layers(self) -> None:
        self.assert_finds(
            "base may not use loop",
            src__base__a=caller("a", "b"),
            src__loop__b=caller("b"),
        )
        self.assert_silent("may not", src__loop__b=caller("b", "a"), src__base__a=caller("a"))

    def test_between_rooms(self) -> None:
        low, high = caller("low"), caller("high", "low")
        up = {
            "src__plan__network__a": caller("low", "high"),
            "src__plan__ingress__b": caller("high"),
        }
        self.assert_finds("the room ingress stands above network", **up)
        self.assert_silent("stands", src__plan__network__a=low, src__plan__ingress__b=high)
        self.assert_finds("stand side by side", src__plan__task__a=low, src__plan__store__b=high)
        self.assert_finds("the room new has no place", src__plan__new__b=high, src__plan__names=low)
        self.assert_silent("stands", src__plan__names=low, src__plan__make__a=high)
        self.assert_finds(
            "the room make stands above",
            src__plan__names=caller("low", "plan_make"),
            src__plan__make__a=caller("plan_make"),
        )

    def test_a_use_is_more_than_a_call(self) -> None:
        self.assert_finds(
            "stands above",
            src__plan__network__a="int (*const table[])(void) = {high};\n",
            src__plan__ingress__b=caller("high"),
        )

    def test_what_is_no_use(self) -> None:
        for text in (
            "struct high x;\n",
            "int a = x->high;\n",
            "int a = x.high;\n",
            "/* high() */\n",
            'const char *s = "high()";\n',
            "static int high(void)\n{\n    return 2;\n}\nint a(void)\n{\n    return high();\n}\n",
        ):
            self.assert_silent(
                "stands", src__plan__network__a=text, src__plan__ingress__b=caller("high")
            )

    def test_circles(self) -> None:
        self.assert_finds(
            "a circle of calls crosses rooms: client/a.c, client/view/b.c",
            client__a=caller("a", "b"),
            client__view__b=caller("b", "a"),
        )
        self.assert_silent(
            "circle", client__view__a=caller("a", "b"), client__view__b=caller("b", "a")
        )

    def test_without_a_caller(self) -> None:
        self.assert_finds("a() is called by nobody", src__base__a=caller("a"))
        self.assert_finds(
            "a() is called by nobody", src__base__a=caller("a"), src__base__a_h="int a(void);\n"
        )
        self.assert_finds(
            "a() is called by nobody", src__base__a=caller("a"), tests__t=caller("main", "a")
        )
        self.assert_silent(
            "a() is called by nobody",
            src__base__a=caller("a"),
            src__base__a_h="#define cleanup_a \\\n    __attribute__((cleanup(a)))\n",
        )
        self.assert_silent(
            "a() is called", src__base__a=caller("a"), daemon__main=caller("main", "a")
        )

    def test_the_list_of_exceptions_is_kept_true(self) -> None:
        name = next(iter(calls.UNCALLED))
        self.assert_silent(name, src__store__a=caller(name))
        self.assert_finds(
            f"{name}() is called now", src__store__a=caller(name), daemon__b=caller("main", name)
        )


if __name__ == "__main__":
    unittest.main()
