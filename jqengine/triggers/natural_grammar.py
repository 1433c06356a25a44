"""A small parser driven by a table of forms.

A *form* is one way to say something.  Its pattern is a row of:

- words, which stand for themselves: ``day after tomorrow``;
- KINDS of words, in capitals (see :mod:`~jqengine.triggers.natural_words`);
- names of other *categories* of forms, in capitals too;
- alternatives, ``in|of``, and optional parts, ``[the]``.

The forms of a category are laid side by side as a tree of words, so that a
text is compared with all of them at once.  Each position of a text is read at
most once per category: there is no text that takes long.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jqengine.triggers.natural_values import Misfit, Nonsense, Senses, Token


class Form(NamedTuple):
    """One way to say something.

    :ivar pattern: see the module.
    :ivar meaning: one sentence for the reference.
    :ivar build: makes the value from the values of the pattern's kinds and
        categories, in order; raises :class:`Nonsense` for what cannot be.
    :ivar examples: texts and what they mean, for the reference and its test.
    """

    pattern: str
    meaning: str
    build: Callable[..., Any]
    examples: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Node:
    """A place in the tree of a category."""

    words: dict[str, _Node] = field(default_factory=dict)
    categories: dict[str, _Node] = field(default_factory=dict)
    ways: list[tuple[str, frozenset[str], _Node]] = field(default_factory=list)
    rank: int = 0
    build: Callable[..., Any] | None = None


_Best = dict[int, tuple[int, Callable[..., Any], tuple[Any, ...]]]
"""By its end, the earliest form found: its rank, its builder and the values for it."""


class Grammar:
    """Categories of forms, ready to read texts.

    :param tables: the forms of each category.  Where two forms fit the same
        words the earlier one counts.
    """

    def __init__(self, tables: Mapping[str, Sequence[Form]]) -> None:
        self._names = frozenset(tables)
        self.words: set[str] = set()
        self._trees = {name: self._tree(forms) for name, forms in tables.items()}
        self._beginnings: dict[str, frozenset[str]] = {}
        for name, tree in self._trees.items():
            self._beginning(name)
            self._prepare(tree)

    def _tree(self, forms: Sequence[Form]) -> _Node:
        root = _Node()
        for rank, form in enumerate(forms):
            for pattern in expanded(form.pattern):
                node = root
                for part in pattern:
                    node = self._step(node, part)
                if node.build is None:
                    node.rank, node.build = rank, form.build
        return root

    def _step(self, node: _Node, part: str) -> _Node:
        if part in self._names:
            return node.categories.setdefault(part, _Node())
        if not part.isupper():
            self.words.add(part)
        return node.words.setdefault(part, _Node())

    def _prepare(self, node: _Node) -> None:
        """Note at each way into a category with which words that can begin."""
        for name, following in node.categories.items():
            node.ways.append((name, self._beginning(name), following))
        for following in (*node.words.values(), *node.categories.values()):
            self._prepare(following)

    def _beginning(self, name: str) -> frozenset[str]:
        if name not in self._beginnings:
            root = self._trees[name]
            deeper = (self._beginning(other) for other in root.categories)
            self._beginnings[name] = frozenset(root.words).union(*deeper)
        return self._beginnings[name]

    def read(self, tokens: Sequence[Token], *categories: str) -> Any:
        """The meaning of *tokens* as a whole, by the first of *categories* that fits.

        :raises Unread: none fits.
        """
        reading = _Reading(self._trees, tokens)
        for category in categories:
            if not self._beginnings[category].isdisjoint(reading.first_keys):
                for end, value in reading.category(category, 0):
                    if end == len(tokens):
                        return value
        raise Unread(reading.furthest, reading.nonsense)


class Unread(Exception):
    """A text that no form fits.

    :ivar index: of the first token that fits nowhere.
    :ivar nonsense: why a form that fits could not be, or ``None``.
    """

    def __init__(self, index: int, nonsense: Nonsense | None) -> None:
        self.index = index
        self.nonsense = nonsense
        super().__init__(index)


class _Reading:
    """One text on its way through the trees."""

    __slots__ = ("_known", "_senses", "_trees", "furthest", "nonsense")

    def __init__(self, trees: dict[str, _Node], tokens: Sequence[Token]) -> None:
        self._trees = trees
        self._senses = [*(token.senses for token in tokens), Senses((), ())]
        self._known: dict[tuple[str, int], list[tuple[int, Any]]] = {}
        self.furthest = 0
        self.nonsense: Nonsense | None = None

    @property
    def first_keys(self) -> tuple[str, ...]:
        """What the first token can be."""
        return self._senses[0].keys

    def category(self, name: str, index: int) -> list[tuple[int, Any]]:
        """Every end of a form of *name* that begins at *index*, with its value."""
        key = (name, index)
        known = self._known.get(key)
        if known is None:
            best: _Best = {}
            self._walk(self._trees[name], index, (), best)
            known = self._known[key] = self._built(best)
        return known

    def _walk(self, node: _Node, index: int, values: tuple[Any, ...], best: _Best) -> None:
        """Note in *best* every form that ends beneath *node*, which is met at *index*."""
        if node.build and (index not in best or node.rank < best[index][0]):
            best[index] = (node.rank, node.build, values)
        if index > self.furthest:
            self.furthest = index
        edges, keys = self._senses[index]
        words = node.words
        if words:
            for key, value in edges:
                if key in words:
                    more = values if value is None else (*values, value)
                    self._walk(words[key], index + 1, more, best)
        for name, beginning, following in node.ways:
            if not beginning.isdisjoint(keys):
                for end, value in self.category(name, index):
                    self._walk(following, end, (*values, value), best)

    def _built(self, best: _Best) -> list[tuple[int, Any]]:
        built = []
        for end, (_, build, values) in best.items():
            try:
                built.append((end, build(*values)))
            except Misfit:
                continue
            except Nonsense as error:
                self.nonsense = error
        return built


def same(value: Any) -> Any:
    """The builder of a form that only passes on what its one part means."""
    return value


def one(value: Any) -> tuple[Any]:
    """The builder of a list of one."""
    return (value,)


def beginning_with(first: Any, rest: tuple[Any, ...]) -> tuple[Any, ...]:
    """The builder of a longer list."""
    return (first, *rest)


def expanded(pattern: str) -> Iterator[list[str]]:
    """Every row of words and kinds that *pattern* stands for.

    >>> [" ".join(row) for row in expanded("[on] the DAY|DAYTH")]
    ['on the DAY', 'on the DAYTH', 'the DAY', 'the DAYTH']
    """
    parts = re.findall(r"\[[^]]*\]|\S+", pattern)
    choices = [[*_rows(part[1:-1]), []] if part.startswith("[") else _rows(part) for part in parts]
    for rows in itertools.product(*choices):
        yield [word for row in rows for word in row]


def _rows(part: str) -> list[list[str]]:
    """The alternatives of one part; of several words only inside brackets."""
    return [row.split() for row in part.split("|")]
