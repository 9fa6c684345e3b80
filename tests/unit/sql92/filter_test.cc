#include "bridge/base/sql92/filter.h"

#include <cmath>
#include <cstdlib>
#include <map>
#include <new>
#include <string>

#include "bridge/base/random.h"

using namespace zbridge;
using namespace zbridge::sql92;

namespace {

size_t allocations = 0;

class Given final : public Properties {
 public:
    Given() = default;
    explicit Given(std::map<std::string, Value, std::less<>> values) : values_(std::move(values)) {}
    Value value_of(std::string_view name) const override {
        const auto found = values_.find(name);
        return found == values_.end() ? Value() : found->second;
    }

 private:
    std::map<std::string, Value, std::less<>> values_;
};

std::string_view text(const char* bytes) {
    return bytes;
}

const Given kOrder(std::map<std::string, Value, std::less<>>{
    {"region", text("EU")},
    {"amount", 99.5},
    {"count", int64_t{3}},
    {"gift", true},
    {"five", text("5")},
    {"half", text("0.5")},
    {"word", text("abc")},
    {"yes", text("True")},
    {"no", text("false")},
    {"empty", text("")},
    {"quote", text("it's")},
    {"big", int64_t{9007199254740993}},
    {"least", INT64_MIN},
    {"nan", std::nan("")},
    {"nantext", text("nan")},
    {"$a_1", int64_t{1}},
    {"spaced", text(" 5")},
    {"hex", text("0x10")},
});

// "T", "F" or "N"; "!" when it does not compile.
std::string eval(std::string_view filter, const Properties& properties = kOrder) {
    auto compiled = Filter::compile(filter);
    if (!compiled.ok()) return "!";
    switch (compiled->evaluate(properties)) {
        case Truth::kTrue:
            return "T";
        case Truth::kFalse:
            return "F";
        case Truth::kNull:
            return "N";
    }
    return "?";
}

std::string error(std::string_view filter) {
    auto compiled = Filter::compile(filter);
    return compiled.ok() ? "" : compiled.error().message();
}

struct Row {
    std::string_view filter, expected;
};

void check(std::initializer_list<Row> rows) {
    for (const Row& row : rows)
        CHECK_MESSAGE(eval(row.filter) == row.expected, std::string(row.filter));
}

}  // namespace

// Counted, so that a test can say that nothing was allocated.
[[gnu::noinline]] void* operator new(size_t bytes) {
    allocations++;
    if (void* memory = std::malloc(bytes)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept {
    std::free(memory);
}

TEST_CASE("equality compares like with like, and text as what it is compared with") {
    check({
        {"region = 'EU'", "T"},      {"region = 'eu'", "F"},
        {"region <> 'US'", "T"},     {"'EU' = region", "T"},
        {"count = 3", "T"},          {"count = 3.0", "T"},
        {"count <> 3", "F"},         {"amount = 99.5", "T"},
        {"amount = 99", "F"},        {"five = 5", "T"},
        {"five = 5.0", "T"},         {"five = '5'", "T"},
        {"five = '5.0'", "F"},       {"half = .5", "T"},
        {"gift = TRUE", "T"},        {"gift = FALSE", "F"},
        {"gift <> FALSE", "T"},      {"yes = TRUE", "T"},
        {"no = FALSE", "T"},         {"quote = 'it''s'", "T"},
        {"empty = ''", "T"},         {"1 = 1", "T"},
        {"'a' = 'b'", "F"},          {"five = count", "F"},
        {"(count = 3) = TRUE", "T"}, {"(count = 3) = gift", "T"},
        {"count = 3 = TRUE", "T"},
    });
}

TEST_CASE("a comparison with text that is no number is NULL, and so is one with what is missing") {
    check({
        {"word = 5", "N"},
        {"word <> 5", "N"},
        {"word > 5", "N"},
        {"NOT (word = 5)", "N"},
        {"spaced = 5", "N"},
        {"hex = 16", "N"},
        {"nantext = 5", "N"},
        {"nantext > 5", "N"},
        {"empty = 0", "N"},
        {"nan = 5", "N"},
        {"nan > 5", "N"},
        {"nan = nan", "N"},
        {"word = TRUE", "N"},
        {"count = TRUE", "N"},
        {"gift = 1", "N"},
        {"gift = count", "N"},
        {"absent = 5", "N"},
        {"absent <> 'x'", "N"},
        {"absent > 5", "N"},
        {"absent = absent", "N"},
        {"NOT absent", "N"},
        {"absent", "N"},
        {"absent IN ('a')", "N"},
        {"absent NOT IN ('a')", "N"},
        {"absent CONTAINS 'a'", "N"},
        {"absent BETWEEN 1 AND 2", "N"},
        {"-absent = 1", "N"},
        {"-word = 1", "N"},
    });
}

TEST_CASE("order is for numbers") {
    check({
        {"amount > 99", "T"},   {"amount > 99.5", "F"},   {"amount >= 99.5", "T"},
        {"count < 4", "T"},     {"count <= 3", "T"},      {"3 < count", "F"},
        {"five > count", "T"},  {"five > half", "T"},     {"five < word", "N"},
        {"region > word", "N"}, {"gift > 0", "N"},        {"-count < -2", "T"},
        {"+count > 2", "T"},    {"count > -1", "T"},      {"- -count = 3", "T"},
        {"region > 'A'", "!"},  {"count > '2'", "!"},     {"count > TRUE", "!"},
        {"count > NULL", "!"},  {"(count = 3) > 1", "!"}, {"-'a' = 1", "!"},
        {"-TRUE", "!"},         {"+NULL = 1", "!"},       {"-(count = 3)", "!"},
    });
}

TEST_CASE("numbers are compared exactly") {
    check({
        {"big = 9007199254740993", "T"},
        {"big = 9007199254740992", "F"},
        {"big > 9007199254740992.0", "T"},
        {"big <> 9007199254740992.0", "T"},
        {"big < 1E300", "T"},
        {"big > -1E300", "T"},
        {"9007199254740992.0 < big", "T"},
        {"least < 0", "T"},
        {"-least > 9223372036854775807", "T"},
        {"count < 3.5", "T"},
        {"-count > -3.5", "T"},
        {"count = 3.5", "F"},
        {"5E1 = 50", "T"},
        {"5.E0 = 5", "T"},
        {"7L = 7", "T"},
        {"1e-1 = .1", "T"},
    });
}

TEST_CASE("AND, OR and NOT know three values") {
    const std::pair<std::string_view, char> values[] = {
        {"TRUE", 'T'}, {"FALSE", 'F'}, {"absent", 'N'}};
    for (const auto& [a, va] : values) {
        CHECK(eval("NOT " + std::string(a)) == std::string(1, va == 'T'   ? 'F'
                                                              : va == 'F' ? 'T'
                                                                          : 'N'));
        for (const auto& [b, vb] : values) {
            const char both = va == 'F' || vb == 'F' ? 'F' : va == 'N' || vb == 'N' ? 'N' : 'T';
            const char either = va == 'T' || vb == 'T' ? 'T' : va == 'N' || vb == 'N' ? 'N' : 'F';
            CHECK(eval(std::string(a) + " AND " + std::string(b)) == std::string(1, both));
            CHECK(eval(std::string(a) + " OR " + std::string(b)) == std::string(1, either));
        }
    }
    check({
        {"TRUE OR FALSE AND FALSE", "T"},
        {"(TRUE OR FALSE) AND FALSE", "F"},
        {"NOT TRUE OR TRUE", "T"},
        {"NOT (TRUE OR TRUE)", "F"},
        {"NOT NOT gift", "T"},
        {"FALSE OR FALSE OR gift", "T"},
        {"gift AND gift AND no", "F"},
        {"gift", "T"},
        {"yes", "T"},
        {"no", "F"},
        {"word", "N"},
        {"count", "N"},
        {"NOT gift", "F"},
    });
}

TEST_CASE("IS NULL is never NULL itself") {
    check({
        {"absent IS NULL", "T"},
        {"absent IS NOT NULL", "F"},
        {"region IS NULL", "F"},
        {"region IS NOT NULL", "T"},
        {"empty IS NULL", "F"},
        {"(absent = 1) IS NULL", "T"},
        {"absent = 1 IS NULL", "T"},
        {"NULL IS NULL", "T"},
        {"NOT absent IS NULL", "T"},  // as the grammar has it: (NOT absent) IS NULL
    });
}

TEST_CASE("BETWEEN includes its bounds; IN and the text words take a number as its text") {
    check({
        {"count BETWEEN 1 AND 3", "T"},
        {"count BETWEEN 3 AND 4", "T"},
        {"count BETWEEN 4 AND 5", "F"},
        {"count NOT BETWEEN 4 AND 5", "T"},
        {"count BETWEEN 1 AND 3 AND gift", "T"},
        {"count BETWEEN -5 AND -1", "F"},
        {"five BETWEEN half AND amount", "T"},
        {"word BETWEEN 1 AND 2", "N"},
        {"word NOT BETWEEN 1 AND 2", "N"},
        {"region IN ('US', 'EU')", "T"},
        {"region IN ('US')", "F"},
        {"region NOT IN ('US','CA')", "T"},
        {"count IN ('3')", "T"},
        {"amount IN ('99.5')", "T"},
        {"gift IN ('true')", "T"},
        {"word CONTAINS 'b'", "T"},
        {"word CONTAINS 'x'", "F"},
        {"word NOT CONTAINS 'x'", "T"},
        {"word CONTAINS ''", "T"},
        {"word STARTSWITH 'ab'", "T"},
        {"word STARTSWITH 'bc'", "F"},
        {"word NOT STARTSWITH 'bc'", "T"},
        {"word ENDSWITH 'bc'", "T"},
        {"word ENDSWITH 'ab'", "F"},
        {"word NOT ENDSWITH 'ab'", "T"},
        {"amount STARTSWITH '99'", "T"},
        {"count CONTAINS '3'", "T"},
        {"count BETWEEN 5 AND 4", "!"},
        {"count BETWEEN '1' AND '2'", "!"},
        {"count BETWEEN 1", "!"},
        {"count BETWEEN 1 OR 2", "!"},
        {"'a' IN ('a')", "!"},
        {"region IN ()", "!"},
        {"region IN (1)", "!"},
        {"region IN ('a'", "!"},
        {"region IN 'a'", "!"},
        {"region IN ('a',)", "!"},
        {"word CONTAINS 5", "!"},
        {"word CONTAINS region", "!"},
        {"word NOT", "!"},
        {"word NOT = 5", "!"},
    });
}

TEST_CASE("words are known in any case, names only as they are; comments are blanks") {
    check({
        {"region='EU'and count=3", "T"},
        {"Region = 'EU'", "N"},
        {"count bEtWeEn 1 aNd 3", "T"},
        {"true", "T"},
        {"$a_1 = 1", "T"},
        {"region = 'EU' -- AND FALSE", "T"},
        {"region /* here */ = /**/ 'EU'", "T"},
        {"-- first\nregion = 'EU'", "T"},
        {"\tregion\r\n=\f'EU' ", "T"},
        {"region = 'EU' -- x\nAND FALSE", "F"},
        {"region = '--'", "F"},
        {"region = 'EU' /*", "!"},
    });
}

TEST_CASE("what is no filter is refused with its column and a sentence") {
    CHECK(error("") == "column 1: a value is expected, not the end");
    CHECK(error("region = ") == "column 10: a value is expected, not the end");
    CHECK(error("region = 'EU") == "column 10: a text without its closing '");
    CHECK(error("region = \"EU\"") == "column 10: text stands in single quotes: 'EU'");
    CHECK(error("region == 'EU'") == "column 9: a value is expected, not =");
    CHECK(error("region != 'EU'") == "column 8: != is written <>");
    CHECK(error("a || b") == "column 3: || is for lists of tags; here it is written OR");
    CHECK(error("region = 'EU' 'US'") == "column 15: 'US' is not expected here");
    CHECK(error("(region = 'EU'") == "column 15: ) is expected, not the end");
    CHECK(error("region = 'EU')") == "column 14: ) is not expected here");
    CHECK(error("'EU'") == "column 1: a condition is expected, as region = 'EU'; this is a value");
    CHECK(error("5") == "column 1: a condition is expected, as region = 'EU'; this is a value");
    CHECK(error("-count") ==
          "column 1: a condition is expected, as region = 'EU'; this is a value");
    CHECK(error("gift AND 5") ==
          "column 10: a condition is expected, as region = 'EU'; this is a value");
    CHECK(error("NULL").find("a condition is expected") != std::string::npos);
    CHECK(error("region = NULL") == "column 8: nothing equals NULL: write IS NULL or IS NOT NULL");
    CHECK(error("NOT region = 'EU'") == "column 12: NOT binds tighter than =: write NOT (a = b)");
    CHECK(error("region IS 'EU'") == "column 11: NULL is expected after IS, not 'EU'");
    CHECK(error("count > '5'") ==
          "column 9: <, >, <=, >= and BETWEEN compare numbers; a number stands without quotes");
    CHECK(error("amount + 1 > 5") == "column 8: + is not expected here");
    CHECK(error("a.b = 5") == "column 2: '.' is not known here");
    CHECK(error("5x = 5") == "column 1: a number goes on with 'x'; text stands in single quotes");
    CHECK(error("1.2.3 = x") ==
          "column 1: a number goes on with '.'; text stands in single quotes");
    CHECK(error("x = 9223372036854775808") == "column 5: 9223372036854775808 is out of range");
    CHECK(error("x = 1e") == "column 5: 1e is no number");
    CHECK(error("x = 1e999") == "column 5: 1e999 is out of range");
    CHECK(error("count BETWEEN 5 AND 4") ==
          "column 7: the first bound of BETWEEN is above the second: nothing is between them");
    CHECK(error("x = \x01") == "column 5: a character that is not known here");
    CHECK(error("x LIKE 'a%'") == "column 3: LIKE is not expected here");
    CHECK(error("AND") == "column 1: a value is expected, not AND");
}

TEST_CASE("a filter is as long and as deep as its limits and no more") {
    std::string wide = "x = 'a'";
    while (wide.size() + 11 <= Filter::kTextBytesMax)
        wide += " OR x = 'a'";
    CHECK(eval(wide) == "N");
    CHECK(error(wide + std::string(20, ' ')).find("a filter has at most") == 0);
    const auto nested = [](size_t depth) {
        return std::string(depth, '(') + "gift" + std::string(depth, ')');
    };
    CHECK(eval(nested(Filter::kDepthMax)) == "T");
    CHECK(error(nested(Filter::kDepthMax + 1)).find("too many conditions") != std::string::npos);
    CHECK(error(std::string(10'000, '(')).find("too many conditions") != std::string::npos);
    std::string nots, equals = "gift";
    for (int i = 0; i < 1000; i++)
        nots += "NOT ", equals += " = gift";
    CHECK(error(nots + "gift").find("too many conditions") != std::string::npos);
    CHECK(error(equals).find("too many conditions") != std::string::npos);
}

TEST_CASE("a filter tells which names it asks for") {
    const auto filter = Filter::compile("b = 1 AND a = 2 OR b > 3 AND NOT (c IS NULL)");
    REQUIRE(filter.ok());
    CHECK(filter->names() == std::vector<std::string>{"b", "a", "c"});
    for (size_t i = 0; i < filter->names().size(); i++) {
        const std::string& name = filter->names()[i];
        CHECK(filter->text().find(name) + 1 == filter->column_of_name(i));
    }
}

TEST_CASE("an error is taken apart into its column and its sentence") {
    const auto wrong = Filter::compile("region = EU'");
    REQUIRE_FALSE(wrong.ok());
    const auto complaint = complaint_of(wrong.error());
    CHECK(complaint.column == 12);
    CHECK(wrong.error().message() == "column 12: " + complaint.what);

    const auto long_one = Filter::compile(std::string(Filter::kTextBytesMax + 1, ' '));
    REQUIRE_FALSE(long_one.ok());
    CHECK(complaint_of(long_one.error()).column == 0);
    CHECK(complaint_of(long_one.error()).what == long_one.error().message());
}

TEST_CASE("evaluating allocates nothing") {
    const auto filter = Filter::compile(
        "region IN ('US', 'EU') AND amount BETWEEN half AND 100 AND count CONTAINS '3' AND NOT "
        "(five = 6) AND gift");
    REQUIRE(filter.ok());
    const size_t before = allocations;
    const bool matches = filter->matches(kOrder);
    CHECK(allocations == before);
    CHECK(matches);
}

TEST_CASE("any words in any order are a filter or refused, and never more than that") {
    constexpr std::string_view kWords[] = {"region",  "absent", "'EU'",     "5",   "0.5", "TRUE",
                                           "NULL",    "AND",    "OR",       "NOT", "=",   "<>",
                                           "<",       ">=",     "(",        ")",   ",",   "IN",
                                           "BETWEEN", "IS",     "CONTAINS", "-",   "+",   "gift"};
    SeededRandom random(11);
    size_t compiled = 0;
    for (int round = 0; round < 50'000; round++) {
        std::string filter;
        for (uint64_t words = 1 + random.below(9); words > 0; words--) {
            filter += kWords[random.below(std::size(kWords))];
            filter += ' ';
        }
        if (eval(filter) != "!") compiled++;
    }
    CHECK(compiled > 100);
}
