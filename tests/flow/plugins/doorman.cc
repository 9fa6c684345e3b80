// An auth: lets in whose identity begins with a word of its option, as the user behind the dash.
#include "plugins/sdk/zbridge_plugin.hpp"

namespace {

class Doorman final : public zbridge::Auth {
 public:
    static constexpr zbridge::Option options[] = {
        zbridge::Option("guests", ZB_OPTION_TEXT, "The words that are let in.").required().many()};
    explicit Doorman(zbridge::Context& context) : Auth(context) {
        for (const std::string_view guest : context.options().texts("guests"))
            guests_.emplace_back(guest);
    }

    bool on_peer(const zb_peer_claim& claim, std::string& user) override {
        const std::string_view identity = zbridge::from_c(claim.identity);
        const size_t dash = identity.find('-');
        for (const std::string& guest : guests_) {
            if (dash == std::string_view::npos || identity.substr(0, dash) != guest) continue;
            user = identity.substr(dash + 1);
            return true;
        }
        if (identity == "throws") throw zbridge::Error("the guest book is gone");
        return deny("not on the list");
    }

 private:
    std::vector<std::string> guests_;
};

}  // namespace

ZBRIDGE_PLUGIN(Doorman, "doorman", "1.0.0", "Lets in who is on a list.")
