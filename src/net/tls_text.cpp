#include "net/tls_text.hpp"

#include "core/hex_text.hpp"
#include "net/tls_handles.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <vector>

namespace gyre::net {

namespace {

/// What a certificate or a peer says, made fit for a line of a log.
auto printable(std::string_view text) -> std::string {
    constexpr std::size_t longest = 200;
    std::string result;
    for (const char c : text.substr(0, longest)) {
        const auto byte = static_cast<unsigned char>(c);
        result += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    if (text.size() > longest) result += "...";
    return result;
}

auto string_view_of(const ASN1_STRING* text) -> std::string_view {
    return {
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

auto ip_text(std::string_view bytes) -> std::string {
    std::string text;
    if (bytes.size() == 4) {
        for (const char c : bytes) text += (text.empty() ? "" : ".") + std::to_string(static_cast<unsigned char>(c));
        return text;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i > 0 && i % 2 == 0) text += ':';
        gyre::internal::append_hex(text, static_cast<unsigned char>(bytes[i]));
    }
    return text;
}

/// The hosts and addresses that a certificate is for.
auto subject_names(const X509* certificate) -> std::vector<std::string> {
    std::vector<std::string> names;
    const GeneralNamesPointer list(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; list && i < sk_GENERAL_NAME_num(list.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
        if (name->type == GEN_DNS) names.push_back(printable(string_view_of(name->d.dNSName)));
        if (name->type == GEN_IPADD) names.push_back(ip_text(string_view_of(name->d.iPAddress)));
    }
    return names;
}

auto mismatch_text(X509* certificate, std::string_view wanted) -> std::string {
    constexpr std::size_t shown = 4;
    const auto names = certificate != nullptr ? subject_names(certificate) : std::vector<std::string>{};
    std::string text = names.empty() ? "certificate is for no host or address at all" : "certificate is for ";
    for (std::size_t i = 0; i < names.size() && i < shown; ++i) text += (i == 0 ? "'" : ", '") + names[i] + "'";
    if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
    return text.append(", not '").append(printable(wanted)).append("'");
}

/// "sslv3 alert handshake failure" tells of a protocol that was not spoken: only what follows "alert" counts.
auto alert_text(unsigned long code) -> std::string {
    constexpr std::string_view before = "alert ";
    const char* reason = ERR_reason_error_string(code);
    if (reason == nullptr) return "the peer refused with an unknown alert";
    const std::string_view words = reason;
    const auto at = words.find(before);
    std::string text = "the peer refused: ";
    return text.append(at == std::string_view::npos ? words : words.substr(at + before.size()));
}

auto protocol_text(unsigned long code) -> std::string {
    const int reason = ERR_GET_REASON(code);
    if (reason > SSL_AD_REASON_OFFSET) return alert_text(code);
    switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return "the peer speaks plain HTTP, not TLS";
    case SSL_R_WRONG_VERSION_NUMBER:
        return "the peer does not speak TLS, or a version that is not allowed";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
        return "the peer speaks no version of TLS that is allowed here (1.2, 1.3)";
    case SSL_R_NO_SHARED_CIPHER:
        return "no cipher suite in common";
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_GROUPS:
        return "no elliptic curve in common";
    case SSL_R_NO_APPLICATION_PROTOCOL:
        return "no application protocol in common (ALPN)";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        return "a record was damaged or forged (bad record MAC)";
    default:
        break;
    }
    const char* text = ERR_reason_error_string(code);
    return text != nullptr ? text : "error " + std::to_string(reason) + " of the TLS protocol";
}

}  // namespace

auto take_queued_error(std::string_view otherwise) -> std::string {
    // The first error is the cause; later ones tell which functions it came through.
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return std::string(otherwise);
    if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
    if (ERR_GET_LIB(code) == ERR_LIB_SSL) return protocol_text(code);
    const char* text = ERR_reason_error_string(code);
    return text != nullptr ? std::string(text) : std::string(otherwise);
}

auto verify_text(int error, X509* certificate, std::string_view wanted) -> std::string {
    if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        return mismatch_text(certificate, wanted);
    }
    std::string text = X509_verify_cert_error_string(error);
    const bool unknown_issuer = error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
                                error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT;
    if (unknown_issuer && certificate != nullptr) {
        text += " (issued by '" + name_text(X509_get_issuer_name(certificate)) + "')";
    }
    return text;
}

auto certificate_names(const X509* certificate) -> std::vector<std::string> {
    std::vector<std::string> names;
    const GeneralNamesPointer list(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; list && i < sk_GENERAL_NAME_num(list.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
        if (name->type == GEN_DNS) names.push_back("DNS:" + printable(string_view_of(name->d.dNSName)));
        if (name->type == GEN_IPADD) names.push_back("IP:" + ip_text(string_view_of(name->d.iPAddress)));
        if (name->type == GEN_URI) {
            names.push_back("URI:" + printable(string_view_of(name->d.uniformResourceIdentifier)));
        }
        if (name->type == GEN_EMAIL) names.push_back("email:" + printable(string_view_of(name->d.rfc822Name)));
    }
    return names;
}

auto name_text(const X509_NAME* name) -> std::string {
    const BioPointer memory(BIO_new(BIO_s_mem()));
    // RFC 2253 without its reversed order; ASN1_STRFLGS_ESC_CTRL is part of it.
    if (!memory || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV) < 0) return {};
    char* data = nullptr;
    const auto size = BIO_get_mem_data(memory.get(), &data);
    return printable({data, static_cast<std::size_t>(size)});
}

}  // namespace gyre::net
