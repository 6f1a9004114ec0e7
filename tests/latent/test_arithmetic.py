import pytest
from hypothesis import given, settings
from hypothesis.strategies import (
    SearchStrategy,
    builds,
    floats,
    integers,
    lists,
    recursive,
    sampled_from,
    text,
    tuples,
)

from explorer.core.errors import KnownError
from explorer.latent.arithmetic import ExpressionError, parse, to_text
from explorer.latent.expression import (
    Artwork,
    Between,
    Direction,
    Expression,
    Mean,
    Point,
    Seed,
    Shift,
    Sum,
    Term,
)


def work(title: str) -> Artwork:
    return Artwork(id="5f0e", title=title, was=Seed(seed=7))


def no_works(title: str) -> None:
    return None


def seeds(*numbers: int) -> tuple[Expression, ...]:
    return tuple(Seed(seed=number) for number in numbers)


def total(*terms: tuple[float, Expression]) -> Sum:
    return Sum(terms=tuple(Term(weight=weight, point=point) for weight, point in terms))


A, B, C = seeds(1, 2, 3)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("@1", A),
        ("(@1)", A),
        ("  ( ( @1 ) ) ", A),
        ("#moon", work("moon")),
        ('#"blue moon"', work("blue moon")),
        (r'#"a \"b\" \\"', work('a "b" \\')),
        ("#été_2", work("été_2")),
        ("@1 + @2", total((1, A), (1, B))),
        ("@1 - @2", total((1, A), (-1, B))),
        ("@1−2×@2", total((1, A), (-2, B))),
        ("-@1", total((-1, A))),
        ("--@1", total((1, A))),
        ("0.8 * @1", total((0.8, A))),
        ("@1 * .5", total((0.5, A))),
        ("2 * 3 * @1 * 4", total((24, A))),
        ("(1 + 2 - 5) * @1", total((-2, A))),
        ("2 * (@1 - @2) + @3", total((2, A), (-2, B), (1, C))),
        ("@1 - (@2 - @3)", total((1, A), (-1, B), (1, C))),
        ("-2 * @1", total((-2, A))),
        ("1e-3 * @1", total((0.001, A))),
        ("mean(@1)", Mean(of=(A,))),
        ("mean(@1, @2 - @3)", Mean(of=(A, total((1, B), (-1, C))))),
        ("Mean(@1, mean(@2, @3))", Mean(of=(A, Mean(of=(B, C))))),
        ("mix(@1, @2, 0.4)", Between(start=A, end=B, t=0.4)),
        ("mix(@1, @2, -2 * 0.5)", Between(start=A, end=B, t=-1.0)),
        (
            "mean(@12, @40) - 0.5 * @3 + #moon",
            total((1, Mean(of=seeds(12, 40))), (-0.5, C), (1, work("moon"))),
        ),
    ],
)
def test_a_text_means_this_tree(text: str, tree: Expression) -> None:
    assert parse(text, work) == tree


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("", 0, "I expected a seed such as @12"),
        ("@1 + ", 5, "I expected a seed such as @12 after '+'"),
        ("@1 + )", 5, "I expected a seed such as @12 after '+', not ')'"),
        ("@1 @2", 3, "an operator such as + after '@1', not '@2'"),
        ("3", 0, "a number alone is no point"),
        ("mean(3)", 5, "a number alone is no point"),
        ("@1 * @2", 3, "two points can't be multiplied"),
        ("@1 + 2", 3, "a number can't be added to a point"),
        ("2 - @1", 2, "a number can't be added to a point"),
        ("@", 0, "a seed is @ and a whole number"),
        ("@x", 0, "a seed is @ and a whole number"),
        ("@-1", 0, "a seed is @ and a whole number"),
        ("@1.5", 2, "an operator such as +"),
        ("@4294967296", 0, "too large"),
        ("@" + "9" * 5000, 0, "too large"),
        ("1e999 * @1", 0, "too large"),
        ("1e300 * 1e300 * @1", 6, "too large"),
        ("#", 0, "a work is # and its name"),
        ('#"moon', 0, "no closing quote"),
        ("@1 / 2", 3, "means nothing here"),
        ("__import__('os')", 0, "means nothing here"),
        ("lambda(@1)", 0, "but no 'lambda'"),
        ("mean", 4, "I expected '(' after 'mean'"),
        ("mean()", 5, "I expected a seed such as @12 after '('"),
        ("mean(@1,)", 8, "I expected a seed such as @12 after ','"),
        ("mean(@1", 7, "I expected ')' after '@1'"),
        ("mix(@1, @2)", 10, "I expected ',' after '@2'"),
        ("mix(@1, @2, @3)", 12, "a number such as 0.4"),
        ("(" * 65 + "@1", 64, "nested more than 64 deep"),
        ("(" * 15_000, 64, "nested more than 64 deep"),
        ("@1" + "+@1" * 5000, 12_287, "at most 4,096 parts"),
        ("@1+" * 10_000, 20_000, "goes on past 20,000 characters"),
    ],
)
def test_what_is_wrong_is_said_with_its_column(text: str, column: int, hint: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        parse(text, work)
    assert refusal.value.column == column
    assert str(refusal.value).startswith(f"column {column + 1}: ")
    assert hint in str(refusal.value)


def test_an_unknown_work_is_named() -> None:
    with pytest.raises(ExpressionError, match=r"^column 6: there is no work called 'sun'$"):
        parse("@1 + #sun", no_works)


def test_a_work_too_deep_to_build_on_is_said_with_a_column() -> None:
    deep: Expression = A
    for _ in range(62):
        deep = Mean(of=(deep,))
    ancient = Artwork(id="a", title="ancient", was=deep)
    assert parse("#ancient", lambda title: ancient) == ancient
    with pytest.raises(ExpressionError, match="64 deep"):
        parse("2 * #ancient", lambda title: ancient)


@given(text())
def test_any_text_is_an_expression_or_an_expression_error(typed: str) -> None:
    _parses_or_refuses(typed)


PIECES = [
    "@1",
    "@",
    "#moon",
    '#"',
    '"',
    "2",
    ".5",
    "1e9",
    "+",
    "-",
    "*",
    "(",
    ")",
    ",",
    "mean",
    "mix",
    " ",
]


@given(lists(sampled_from(PIECES), max_size=30))
def test_any_shuffled_words_are_an_expression_or_an_expression_error(words: list[str]) -> None:
    _parses_or_refuses("".join(words))


def _parses_or_refuses(typed: str) -> None:
    try:
        tree = parse(typed, work)
    except ExpressionError:
        return
    assert parse(to_text(tree), work) == tree


def _grown(inner: SearchStrategy[Expression]) -> SearchStrategy[Expression]:
    weights = floats(-1e6, 1e6)
    terms = lists(tuples(weights, inner.filter(lambda p: not isinstance(p, Sum))), min_size=1)
    return (
        builds(lambda of: Mean(of=tuple(of)), lists(inner, min_size=1, max_size=4))
        | builds(lambda found: total(*found), terms)
        | builds(lambda a, b, t: Between(start=a, end=b, t=t), inner, inner, weights)
    )


TREES = recursive(
    builds(Seed, seed=integers(0, 2**32 - 1)) | builds(work, text(max_size=20)),
    _grown,
    max_leaves=8,
)


@settings(max_examples=60)
@given(TREES)
def test_a_tree_written_and_read_is_the_same_tree(tree: Expression) -> None:
    written = to_text(tree)
    assert parse(written, work) == tree
    assert to_text(parse(written, work)) == written


def test_a_line_through_w_is_asked_for() -> None:
    straight = Between(start=A, end=B, t=0.5, path="lerp")
    assert parse("mix(@1, @2, 0.5)", work, path="lerp") == straight
    assert to_text(straight, path="lerp") == "mix(@1, @2, 0.5)"


@pytest.mark.parametrize(
    "tree",
    [
        Point(space="z", shape=(1,), data="AACAPw=="),
        Shift(point=A, direction=Direction(kind="pca", index=0), amount=1),
        Mean(of=(Sum(norm="keep", terms=(Term(point=A),)),)),
        Between(start=A, end=B, t=0.5, path="lerp"),
    ],
)
def test_what_has_no_text_is_refused(tree: Expression) -> None:
    with pytest.raises(KnownError, match="can't be written as text"):
        to_text(tree)
