// A session's subscription of a topic's checks. Internal to this folder.
#pragma once

#include <cstdint>
#include <vector>

#include "bridge/protocol/check_line.h"
#include "bridge/protocol/session.h"

namespace zbridge::protocol {

class Session::Checking final : public Checker {
 public:
    struct Setup {
        uint32_t sub = 0;
        uint32_t credit = 0;
        bool with_attributes = false;
    };
    Checking(Session& session, CheckLine& from, Setup setup)
        : session_(session), from_(from), setup_(setup) {
        from.add(*this);
    }
    ~Checking() override { from_.remove(*this); }

    bool free() const override { return held_.size() < setup_.credit && session_.takes_more(); }
    void take(const plugin::Check& check) override {
        std::erase(held_, check.transaction);  // asked once more
        held_.push_back(check.transaction);
        session_.say_check(setup_.sub, check, setup_.with_attributes);
    }
    // It has said something of this one.
    void give_back(TransactionToken token) {
        if (std::erase(held_, token) > 0) from_.give();
    }
    void set_credit(uint32_t credit) {
        setup_.credit = credit;
        from_.give();
    }
    void update() { from_.give(); }

 private:
    Session& session_;
    CheckLine& from_;
    Setup setup_;
    std::vector<TransactionToken> held_;  // checks that it has not answered
};

}  // namespace zbridge::protocol
