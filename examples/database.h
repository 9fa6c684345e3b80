// A SQLite file for the C++ examples: statements with text arguments, rows of text. Any error ends
// the program.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <sqlite3.h>

class Database {
 public:
    using Row = std::vector<std::string>;

    explicit Database(const std::string& path) {
        if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) fail(path);
        sqlite3_busy_timeout(db_, 60'000);  // another worker may be in the middle of a transaction
    }
    ~Database() { sqlite3_close(db_); }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // Runs one statement; each ? takes one of `arguments`. Returns its rows.
    std::vector<Row> run(const std::string& sql, const Row& arguments = {}) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) fail(sql);
        for (size_t i = 0; i < arguments.size(); ++i) {
            sqlite3_bind_text(statement, static_cast<int>(i) + 1, arguments[i].c_str(), -1,
                              nullptr);
        }
        std::vector<Row> rows;
        int result = SQLITE_ROW;
        while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
            Row row;
            for (int i = 0; i < sqlite3_column_count(statement); ++i) {
                const char* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
                row.emplace_back(text == nullptr ? "" : text);
            }
            rows.push_back(std::move(row));
        }
        sqlite3_finalize(statement);
        if (result != SQLITE_DONE) fail(sql);
        return rows;
    }

 private:
    [[noreturn]] void fail(const std::string& doing) {
        std::cerr << doing << ": " << sqlite3_errmsg(db_) << std::endl;
        std::exit(1);
    }

    sqlite3* db_ = nullptr;
};
