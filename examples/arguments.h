// Command-line arguments of the C++ examples: "--name value" pairs, each with its default.
#pragma once

#include <string>
#include <string_view>
#include <vector>

class Arguments {
 public:
    Arguments(int argc, char** argv) : words_(argv + 1, argv + argc) {}

    // The value behind `name`, or `otherwise`.
    std::string get(std::string_view name, std::string otherwise) const {
        for (size_t i = 0; i + 1 < words_.size(); ++i) {
            if (words_[i] == name) return words_[i + 1];
        }
        return otherwise;
    }

    // All values behind `name`, which may stand there several times.
    std::vector<std::string> all(std::string_view name) const {
        std::vector<std::string> values;
        for (size_t i = 0; i + 1 < words_.size(); ++i) {
            if (words_[i] == name) values.push_back(words_[i + 1]);
        }
        return values;
    }

 private:
    std::vector<std::string> words_;
};
