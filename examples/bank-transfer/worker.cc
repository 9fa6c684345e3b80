// Transfers money between accounts. A transfer made already is answered again, not made again.
#include <csignal>
#include <iostream>
#include <sstream>
#include <string>

#include <zmq.hpp>

#include "../arguments.h"
#include "../database.h"

struct Transfer {
    std::string id, payer, payee, amount;
};

struct Outcome {
    std::string answer;
    bool changed;  // whether the accounts were
};

class Bank {
 public:
    Bank(const std::string& path, std::string worker) : db_(path), worker_(std::move(worker)) {
        db_.run("BEGIN IMMEDIATE");
        db_.run("CREATE TABLE IF NOT EXISTS accounts (owner TEXT PRIMARY KEY, balance INTEGER)");
        db_.run("CREATE TABLE IF NOT EXISTS transfers (id TEXT PRIMARY KEY, payer, payee, amount)");
        db_.run("INSERT OR IGNORE INTO accounts VALUES ('alice', 100), ('bob', 0)");
        db_.run("COMMIT");
    }

    Outcome transfer(const Transfer& t) {
        db_.run("BEGIN IMMEDIATE");
        Outcome outcome = make(t);
        db_.run("COMMIT");
        return outcome;
    }

 private:
    Outcome make(const Transfer& t) {
        if (!db_.run("SELECT 1 FROM transfers WHERE id = ?", {t.id}).empty()) {
            return {done(t, "it was made before, " + worker_), false};
        }
        if (balance(t.payer).empty() || balance(t.payee).empty()) {
            return {"refused, no such account", false};
        }
        if (std::stol(balance(t.payer)) < std::stol(t.amount)) {
            return {"refused, " + t.payer + " has only " + balance(t.payer), false};
        }
        db_.run("UPDATE accounts SET balance = balance - ? WHERE owner = ?", {t.amount, t.payer});
        db_.run("UPDATE accounts SET balance = balance + ? WHERE owner = ?", {t.amount, t.payee});
        db_.run("INSERT INTO transfers VALUES (?, ?, ?, ?)", {t.id, t.payer, t.payee, t.amount});
        return {done(t, worker_), true};
    }

    std::string done(const Transfer& t, const std::string& how) {
        return "done, " + t.payer + " has " + balance(t.payer) + " (" + how + ")";
    }

    std::string balance(const std::string& owner) {
        const auto rows = db_.run("SELECT balance FROM accounts WHERE owner = ?", {owner});
        return rows.empty() ? "" : rows[0][0];
    }

    Database db_;
    std::string worker_;
};

int main(int argc, char** argv) {
    const Arguments arguments(argc, argv);
    const std::string name = arguments.get("--name", "worker");
    const std::string fatal = arguments.get("--die-after-debit", "");  // the id of a transfer
    Bank bank(arguments.get("--accounts", "accounts.db"), name);

    zmq::context_t context;
    zmq::socket_t clients(context, zmq::socket_type::rep);
    clients.connect(arguments.get("--connect", "tcp://127.0.0.1:5556"));
    std::cout << name << " waits for transfers" << std::endl;

    while (true) {
        zmq::message_t request;
        (void)clients.recv(request);
        std::istringstream words(request.to_string());
        std::string verb;
        Transfer transfer;
        words >> verb >> transfer.id >> transfer.payer >> transfer.payee >> transfer.amount;

        const Outcome outcome = bank.transfer(transfer);
        std::cout << transfer.id << (outcome.changed ? " debited" : " not debited") << std::endl;
        if (outcome.changed && transfer.id == fatal) std::raise(SIGKILL);
        clients.send(zmq::buffer(outcome.answer));
    }
}
