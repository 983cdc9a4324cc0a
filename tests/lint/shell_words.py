"""Which programs a shell script calls: the words in the place of a command.

Reads as a shell does as far as that needs it: quotes, here documents, $( ), case patterns, arrays,
[[ ]] and (( )). A word that is made at run time ("$tool" x) is not seen, nor is what stands in a
string that is handed to `sh -c`.

One Reader walks the text once. commands() is a list of commands up to a closing character; it calls
word() for each word, which calls commands() again for what $( ) holds. Where a command may stand
`expect` is true; after env, exec, timeout and such the next word is a command too (`wrapper`).
"""

import re

KEYWORDS = {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "coproc"}
CLOSERS = {"done", "fi", "esac", "}"}
HEADS = {"for", "case", "select", "function"}  # words that follow are no command
BASH_OWN = """
. : [ [[ alias bg break builtin cd command compgen complete compopt continue declare echo eval exec
exit export false fg getopts hash history jobs kill let local mapfile popd printf pushd pwd read
readarray readonly return set shift shopt source test times trap true type typeset ulimit umask
unalias unset wait
"""
BUILTINS = set(BASH_OWN.split())
WRAPPERS = {"exec", "command", "env", "setsid", "nohup", "sudo", "nice", "timeout"} | {
    *("xargs", "setpriv", "chroot", "unshare")
}
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*(\[[^]]*\])?\+?=")
NAME = re.compile(r"^[/\w][\w.+/-]*$")
HEREDOC = re.compile(r"<<(-?)\s*(['\"\\]?)(\w+)['\"]?")


class Reader:
    def __init__(self, text):
        self.text = text
        self.at = 0
        self.calls = []  # (line, word)
        self.functions = set()
        self.pending = []  # here documents that begin on the next line

    def line(self):
        return self.text.count("\n", 0, self.at) + 1

    def peek(self, length=1):
        return self.text[self.at : self.at + length]

    def skip_heredocs(self):
        for dash, delimiter in self.pending:
            indent = r"\t*" if dash else ""
            pattern = re.compile(rf"^{indent}{delimiter}$", re.MULTILINE)
            end = pattern.search(self.text, self.at)
            self.at = end.end() if end else len(self.text)
        self.pending = []

    def skip_until(self, close):
        """Over something that holds no command of its own, but for what $( ) runs in it."""
        depth = 0
        while self.at < len(self.text):
            if self.peek(len(close)) == close and depth == 0:
                self.at += len(close)
                return
            if close == "'":
                self.at += 1
                continue
            if self.peek(2) == "$(" and self.peek(3) != "$((":
                self.at += 2
                self.commands(")")
                continue
            char = self.peek()
            if char == "\\":
                self.at += 2
                continue
            if char in "'\"" and close != '"':
                self.at += 1
                self.skip_until(char)
                continue
            depth += {"(": 1, ")": -1}.get(char, 0) if close in (")", "))") else 0
            self.at += 1
            if self.text.startswith("${", self.at - 1) and close != "}":
                self.at += 1
                self.skip_until("}")

    def word(self):
        """One word; what was quoted or made at run time leaves a mark that no name holds."""
        out = ""
        while self.at < len(self.text):
            char = self.peek()
            if char in " \t\n;&|()<>" or (char == "#" and not out):
                break
            if char in "'\"":
                self.at += 1
                self.skip_until(char)
                out += "\0"
            elif self.peek(3) == "$((":
                self.at += 3
                self.skip_until("))")
                out += "\0"
            elif self.peek(2) == "$(":
                self.at += 2
                self.commands(")")
                out += "\0"
            elif self.peek(2) == "${":
                self.at += 2
                self.skip_until("}")
                out += "\0"
            elif char == "`":
                self.at += 1
                self.commands("`")
                out += "\0"
            elif char == "\\":
                self.at += 2
                out += "" if self.text[self.at - 1 : self.at] == "\n" else "\0"
            else:
                out += char
                self.at += 1
        return out

    def pattern(self):
        """Over the pattern of a case, or over its esac."""
        self.blank()
        if self.text.startswith("esac", self.at):
            return False
        self.at += self.peek() == "("
        self.skip_until(")")
        return True

    def blank(self):
        while self.at < len(self.text):
            if self.peek() == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.peek() in " \t\n":
                self.at += 1
            else:
                return

    def commands(self, close=None):
        """A list of commands, up to `close`."""
        expect, wrapper, cases, head = True, None, 0, None
        while self.at < len(self.text):
            char = self.peek()
            if close and char == close:
                self.at += 1
                return
            if char == "\n":
                self.at += 1
                self.skip_heredocs()
                expect, wrapper, head = True, None, None
            elif char in " \t":
                self.at += 1
            elif self.peek(2) == "\\\n":
                self.at += 2
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.peek(3) == "<<<":
                self.at += 3
                self.skip_blank_word()
            elif HEREDOC.match(self.text, self.at):
                found = HEREDOC.match(self.text, self.at)
                self.at = found.end()
                self.pending.append((found[1], found[3]))
            elif self.peek(2) in ("<(", ">("):
                self.at += 2
                self.commands(")")
            elif char in "<>" or self.peek(2) == "&>":
                self.at += 1
                while self.peek() and self.peek() in "<>&|":
                    self.at += 1
                self.skip_blank_word()
            elif self.peek(2) == ";;":
                self.at += 2
                if cases and not self.pattern():
                    cases -= 1
                    self.at += 4
                expect, wrapper, head = True, None, None
            elif self.peek(2) == "((" and expect:
                self.at += 2
                self.skip_until("))")
            elif char in ";&|(":
                self.at += 1
                expect, wrapper, head = True, None, None
            elif char == ")":
                self.at += 1
            else:
                before = self.at
                word = self.word()
                if self.at == before:
                    self.at += 1
                    continue
                if word.isdigit() and self.peek() and self.peek() in "<>":
                    continue
                if head == "case":
                    if word == "in":
                        head, expect = None, True
                        if self.pattern():
                            cases += 1
                        else:
                            self.at += 4
                    continue
                if not expect or head:
                    if head and word == "do":
                        head, expect = None, True
                    continue
                if ASSIGNMENT.match(word):
                    if word.endswith("=") and self.peek() == "(":
                        self.at += 1
                        self.skip_until(")")
                    continue
                if wrapper and (word.startswith("-") or re.match(r"^\d+[smh]?$", word)):
                    continue
                if re.match(r"\s*\(\)", self.text[self.at :]) and NAME.match(word):
                    self.functions.add(word)
                    self.at += self.text[self.at :].index(")") + 1
                    continue
                if word == "esac" and cases:
                    cases -= 1
                if word in HEADS:
                    head = word
                elif word == "[[":
                    self.skip_until("]]")
                    expect = False
                elif word in CLOSERS:
                    expect = False
                elif word not in KEYWORDS:
                    if word not in BUILTINS and NAME.match(word) and not word.isupper():
                        self.calls.append((self.line(), word))
                    wrapper = word if word in WRAPPERS else None
                    expect = bool(wrapper)

    def skip_blank_word(self):
        while self.peek() and self.peek() in " \t":
            self.at += 1
        self.word()


def read(text):
    """([(line, program)] for each call that can be read off, {functions that the script makes})."""
    reader = Reader(text)
    reader.commands()
    return [(n, word) for n, word in reader.calls if word not in reader.functions], reader.functions


def calls(text):
    return read(text)[0]
