#pragma once

// The conformance tables: raw bytes, the section of a standard or the CVE that they stand for, and what becomes of them.
//
// conformance_test.cpp runs each row whole, cut in two at every place, and byte by byte; the verdict must be the same.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http::testing {

/// One row.
///
/// A verdict lists the messages that were complete, with " | " between them, and the refusal last:
///   requests   `POST /x "hello"`, and where it is not the usual: `1.0`, `for HOST` (or `nobody`), `X=[value]` for each
///              field X, `trailer NAME=[value]`, `close`, `continue`, `upgrade`; a refusal is its status and its rule
///   responses  `200 "ok"`, `100 interim`, with `until close`, `close`, X and trailers likewise; a refusal is its rule
/// The host of a request is "a" unless said otherwise.
struct Case {
    std::string_view name;   ///< Section or CVE, a colon, and what is special.
    std::string_view bytes;  ///< What stands between `before` and `after` of the table.
    std::string_view verdict;
};

enum class Side : unsigned char { request, response };

struct Table {
    std::string_view title;
    std::span<const Case> cases;
    std::string_view before = "";
    std::string_view after = "";
    Side side = Side::request;
    /// Responses: the method of each request; UPGRADE is a GET that offers an upgrade.
    std::string_view method = "GET";
};

// Each file adds its own.
void add_request_line_tables(std::vector<Table>& tables);
void add_target_tables(std::vector<Table>& tables);
void add_field_tables(std::vector<Table>& tables);
void add_framing_tables(std::vector<Table>& tables);
void add_chunked_tables(std::vector<Table>& tables);
void add_connection_tables(std::vector<Table>& tables);
void add_response_tables(std::vector<Table>& tables);
void add_cve_tables(std::vector<Table>& tables);

[[nodiscard]] inline auto all_conformance_tables() -> std::vector<Table> {
    std::vector<Table> tables;
    for (auto* add : {add_request_line_tables, add_target_tables, add_field_tables, add_framing_tables,
             add_chunked_tables, add_connection_tables, add_response_tables, add_cve_tables}) {
        add(tables);
    }
    return tables;
}

}  // namespace gyre::http::testing
