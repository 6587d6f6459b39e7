#include <gyre/http/core/content_coding.hpp>

#include <gyre/core/errors.hpp>

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace gyre::http {
namespace {

using namespace std::string_literals;

constexpr std::array all_codings = {
    ContentCoding::identity, ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd};
constexpr std::array real_codings = {
    ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd};

auto words(std::size_t size) -> std::string {
    std::mt19937 random(7);
    std::string text;
    while (text.size() < size) text.append("word").append(std::to_string(random() % 5000)).append(" ");
    text.resize(size);
    return text;
}

/// Decodes what comes in pieces of `cut` bytes; each step must keep within its size.
auto decode_cut(std::string_view coded, ContentDecoder& decoder, std::size_t cut) -> std::string {
    std::string content;
    while (!coded.empty()) {
        auto piece = coded.substr(0, cut);
        coded.remove_prefix(piece.size());
        while (true) {
            const auto out = decoder.take(piece);
            EXPECT_LE(out.size(), ContentDecoder::step_bytes);
            if (out.empty()) break;
            content.append(out);
        }
        EXPECT_TRUE(piece.empty());
    }
    decoder.finish();
    return content;
}

/// The rule that content breaks, whole and byte for byte.
auto refusal(std::string_view coded, ContentCoding coding, const DecodeLimits& limits = {}) -> std::string {
    std::string verdicts;
    for (const std::size_t cut : {std::size_t{1} << 20U, std::size_t{1}}) {
        std::string verdict = "good";
        try {
            ContentDecoder decoder(coding, limits);
            decode_cut(coded, decoder, cut);
        } catch (const ContentError& error) {
            verdict = rule_name(error.rule());
        }
        if (verdicts.empty()) {
            verdicts = verdict;
        } else if (verdicts != verdict) {
            verdicts += " or " + verdict;
        }
    }
    return verdicts;
}

auto gzip(std::string_view text) -> std::string { return encode_content(text, ContentCoding::gzip); }
auto zstd(std::string_view text) -> std::string { return encode_content(text, ContentCoding::zstd); }

TEST(ContentCoding, names) {
    for (const auto coding : all_codings) EXPECT_EQ(parse_coding(coding_name(coding)), coding);
    EXPECT_EQ(parse_coding("GZip"), ContentCoding::gzip);
    EXPECT_EQ(parse_coding("x-gzip"), ContentCoding::gzip);
    EXPECT_EQ(parse_coding("compress"), std::nullopt);
    EXPECT_EQ(parse_coding(""), std::nullopt);
}

TEST(ContentCoding, content_encoding_is_a_list_over_all_fields) {
    Fields fields;
    EXPECT_EQ(content_codings(fields), std::vector<ContentCoding>());
    fields.add("Content-Encoding", " gzip ,, identity");
    fields.add("content-encoding", "BR");
    EXPECT_EQ(content_codings(fields),
        (std::vector<ContentCoding>{ContentCoding::gzip, ContentCoding::identity, ContentCoding::br}));
    fields.add("Content-Encoding", "aes128gcm");
    EXPECT_EQ(content_codings(fields), std::nullopt);
}

TEST(ContentCoding, what_is_encoded_comes_back_however_it_is_cut) {
    for (const auto coding : all_codings) {
        // 16 KiB are a step of the output: what ends with one, or goes on behind it.
        for (const auto& text : {""s, "x"s, "hello, hello, hello"s, words(16 * 1024), words(16 * 1024 + 1),
                 words(300'000), std::string(700'000, '\0')}) {
            const auto coded = encode_content(text, coding);
            for (const std::size_t cut : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, coded.size() + 1}) {
                if (cut == 1 && coded.size() > 1000) continue;
                ContentDecoder decoder(coding, {.ratio = 0});
                EXPECT_EQ(decode_cut(coded, decoder, cut), text) << coding_name(coding);
            }
        }
    }
}

TEST(ContentCoding, every_level_can_be_read_and_others_are_refused) {
    const auto text = words(20'000);
    for (const auto& [coding, lowest, highest] :
        {std::tuple{ContentCoding::gzip, 0, 9}, std::tuple{ContentCoding::deflate, 0, 9},
            std::tuple{ContentCoding::br, 0, 11}, std::tuple{ContentCoding::zstd, 1, 19}}) {
        for (int level = lowest; level <= highest; ++level) {
            EXPECT_EQ(decode_content(encode_content(text, coding, level), coding), text);
        }
        EXPECT_LT(encode_content(text, coding, highest).size(), encode_content(text, coding, lowest).size());
        for (const int level : {-2, highest + 1}) {
            EXPECT_THROW(ContentEncoder(coding, {.level = level}), std::invalid_argument);
        }
    }
    EXPECT_THROW(ContentEncoder(ContentCoding::zstd, {.level = 0}), std::invalid_argument);
}

TEST(ContentCoding, a_flush_makes_everything_written_readable) {
    for (const auto coding : all_codings) {
        ContentEncoder encoder(coding);
        ContentDecoder decoder(coding);
        for (int i = 0; i < 3; ++i) {
            const auto event = "data: event " + std::to_string(i) + "\n\n";
            std::string coded;
            encoder.write(event, coded);
            encoder.flush(coded);
            encoder.flush(coded);  // with nothing new
            std::string_view input = coded;
            std::string read;
            for (auto piece = decoder.take(input); !piece.empty(); piece = decoder.take(input)) read.append(piece);
            EXPECT_EQ(read, event) << coding_name(coding);
        }
        std::string rest;
        encoder.finish(rest);
        std::string_view input = rest;
        EXPECT_EQ(decoder.take(input), "");
        decoder.finish();
        EXPECT_THROW(encoder.write("x", rest), InvalidStateError);
        EXPECT_THROW(encoder.flush(rest), InvalidStateError);
        EXPECT_THROW(encoder.finish(rest), InvalidStateError);
    }
}

TEST(ContentCoding, a_hint_of_the_size_may_be_wrong) {
    const auto text = words(200'000);
    for (const auto coding : real_codings) {
        for (const std::uint64_t hint : {std::uint64_t{1}, std::uint64_t{3000}, std::uint64_t{1} << 40U}) {
            ContentEncoder encoder(coding, {.size_hint = hint});
            std::string coded;
            encoder.write(text, coded);
            encoder.finish(coded);
            EXPECT_EQ(decode_content(coded, coding), text) << coding_name(coding) << " " << hint;
        }
    }
}

TEST(ContentCoding, deflate_is_read_with_its_header_and_without) {
    const auto zlib_text = encode_content("hello", ContentCoding::deflate);
    ASSERT_EQ(zlib_text[0] & 15, 8);                             // deflate, says the header of zlib
    const auto raw = zlib_text.substr(2, zlib_text.size() - 6);  // without header and checksum
    EXPECT_EQ(decode_content(raw, ContentCoding::deflate), "hello");
    EXPECT_EQ(refusal(raw, ContentCoding::deflate), "good");
    EXPECT_EQ(refusal("\x03\x00"s, ContentCoding::deflate), "good");  // raw and empty
    EXPECT_EQ(refusal("\x03\x00x"s, ContentCoding::deflate), "trailing_data");
    EXPECT_EQ(refusal("\x03"s, ContentCoding::deflate), "cut_short");
    EXPECT_EQ(refusal(encode_content("", ContentCoding::deflate) + "x", ContentCoding::deflate), "trailing_data");
    // RFC 1950 2.2: what looks like a header but for its window, or its checksum, is none. RFC 1951 3.2.4: a stored block.
    const std::string stored(28, 'x');
    EXPECT_EQ(decode_content("\x88\x1c\x00\xe3\xff"s + stored + "\x03\x00"s, ContentCoding::deflate), stored);
    EXPECT_EQ(decode_content("\x08\x05\x00\xfa\xffhello\x03\x00"s, ContentCoding::deflate), "hello");
    // A dictionary that nobody has agreed on.
    EXPECT_EQ(refusal("\x78\xbb\x00\x00\x00\x01\x03\x00"s, ContentCoding::deflate), "bad_data");
}

// RFC 1951 3.2.4: stored blocks may hold nothing.
TEST(ContentCoding, much_input_that_gives_nothing_is_read_to_its_end) {
    std::string blocks;
    for (int i = 0; i < 60'000; ++i) blocks += "\x00\x00\x00\xff\xff"s;
    EXPECT_EQ(decode_content(blocks + "\x01\x02\x00\xfd\xffok"s, ContentCoding::deflate), "ok");
    EXPECT_EQ(refusal(blocks, ContentCoding::deflate), "cut_short");
}

TEST(ContentCoding, no_content_is_whole_in_every_coding) {
    for (const auto coding : all_codings) {
        EXPECT_EQ(decode_content("", coding), "");
        ContentDecoder decoder(coding);
        decoder.finish();
    }
}

TEST(ContentCoding, content_that_is_cut_anywhere_is_refused) {
    for (const auto coding : real_codings) {
        const auto coded = encode_content(words(300), coding);
        for (std::size_t size = 1; size < coded.size(); ++size) {
            EXPECT_EQ(refusal(std::string_view(coded).substr(0, size), coding), "cut_short")
                << coding_name(coding) << " " << size;
        }
    }
}

TEST(ContentCoding, bytes_after_the_end_are_refused) {
    for (const auto coding : real_codings) {
        const auto coded = encode_content("hello", coding);
        EXPECT_EQ(refusal(coded + "\n", coding), "trailing_data") << coding_name(coding);
        EXPECT_EQ(refusal(coded + "\0\0\0\0"s, coding), "trailing_data") << coding_name(coding);
    }
    EXPECT_EQ(refusal(gzip("hello") + "\x1f\x8c..", ContentCoding::gzip), "bad_data");  // the next member
    EXPECT_EQ(refusal("\x06x", ContentCoding::br), "trailing_data");                    // RFC 7932 9.1: empty
}

TEST(ContentCoding, what_is_no_such_data_is_refused) {
    EXPECT_EQ(refusal("hello, world", ContentCoding::gzip), "bad_data");
    EXPECT_EQ(refusal("hello, world", ContentCoding::zstd), "bad_data");
    EXPECT_EQ(refusal("\xff\xff\xff\xff", ContentCoding::deflate), "bad_data");
    EXPECT_EQ(refusal("\xff\xff\xff\xff\xff", ContentCoding::br), "bad_data");
    EXPECT_EQ(refusal("\x27\xb5\x2f\xfd...", ContentCoding::zstd), "bad_data");  // the format before zstd 0.8
    // RFC 8878 3.1.1.2.2: a block of the reserved type.
    EXPECT_EQ(refusal("\x28\xb5\x2f\xfd\x00\x58\x07\x00\x00"s, ContentCoding::zstd), "bad_data");
    auto broken = gzip("hello");
    broken[broken.size() - 5] ^= 1;  // of the checksum
    EXPECT_EQ(refusal(broken, ContentCoding::gzip), "bad_data");
    // Brotli with a window of more than 16 MiB is another format.
    EXPECT_EQ(refusal("\x11\x1e\x03"s, ContentCoding::br), "bad_data");
}

TEST(ContentCoding, members_and_frames_follow_each_other_up_to_the_limit) {
    const auto two = [](const std::string& one) { return one + one; };
    EXPECT_EQ(decode_content(two(gzip("ab")), ContentCoding::gzip), "abab");
    EXPECT_EQ(decode_content(two(zstd("ab")), ContentCoding::zstd), "abab");
    EXPECT_EQ(decode_content("\x50\x2a\x4d\x18\x03\x00\x00\x00..."s + zstd("ab"), ContentCoding::zstd), "ab");
    std::string many_members;
    std::string many_frames;
    for (int i = 0; i < 1024; ++i) {
        many_members += gzip("");
        many_frames += zstd("");
    }
    EXPECT_EQ(refusal(many_members, ContentCoding::gzip), "good");
    EXPECT_EQ(refusal(many_frames, ContentCoding::zstd), "good");
    EXPECT_EQ(refusal(many_members + gzip(""), ContentCoding::gzip), "too_many_members");
    EXPECT_EQ(refusal(many_frames + zstd(""), ContentCoding::zstd), "too_many_members");
    EXPECT_EQ(refusal(two(gzip("a")), ContentCoding::gzip, {.members = 1}), "too_many_members");
}

TEST(ContentCoding, the_window_of_zstd_is_limited_to_8_mib) {
    // Magic, descriptor, window (exponent in the upper five bits), one empty last block. RFC 8878 3.1.1.
    const auto frame = [](unsigned char window) {
        return "\x28\xb5\x2f\xfd\x00"s + static_cast<char>(window) + "\x01\x00\x00"s;
    };
    EXPECT_EQ(refusal(frame(13U << 3U), ContentCoding::zstd), "good");
    EXPECT_EQ(refusal(frame((13U << 3U) + 1), ContentCoding::zstd), "window_too_large");
}

// CVE-2026-42587: a limit that holds for some codings only.
TEST(ContentCoding, output_is_limited) {
    for (const auto coding : all_codings) {
        const auto coded = encode_content(words(50'000), coding);
        EXPECT_EQ(refusal(coded, coding, {.output_bytes = 50'000}), "good") << coding_name(coding);
        EXPECT_EQ(refusal(coded, coding, {.output_bytes = 49'999}), "output_too_large") << coding_name(coding);
    }
}

TEST(ContentCoding, bombs_are_refused_after_the_first_mib) {
    for (const auto coding : real_codings) {
        const std::string mib(1024 * 1024, 'a');
        EXPECT_EQ(decode_content(encode_content(mib, coding), coding), mib) << coding_name(coding);
        const auto coded = encode_content(mib + std::string(8 * mib.size(), 'a'), coding);
        EXPECT_EQ(refusal(coded, coding), "ratio_too_large") << coding_name(coding);
        EXPECT_EQ(refusal(coded, coding, {.ratio = 0}), "good");
    }
}

TEST(ContentCoding, the_ratio_is_exact) {
    const std::string text(4096, 'a');
    const auto coded = gzip(text);
    ASSERT_LT(coded.size(), 41U);
    // Content as long as `from` is taken at any ratio.
    EXPECT_NO_THROW(static_cast<void>(decode_content(coded, ContentCoding::gzip, {.ratio = 1, .ratio_from = 4096})));
    EXPECT_THROW(
        static_cast<void>(decode_content(coded, ContentCoding::gzip, {.ratio = 1, .ratio_from = 4095})), ContentError);
    const auto stored = encode_content(text, ContentCoding::gzip, 0);
    EXPECT_NO_THROW(static_cast<void>(decode_content(stored, ContentCoding::gzip, {.ratio = 1, .ratio_from = 0})));
}

// CVE-2026-22036: a chain of codings without an end.
TEST(ContentCoding, two_codings_on_top_of_each_other) {
    const auto text = words(400'000);
    for (const auto first : real_codings) {
        for (const auto second : real_codings) {
            const auto coded = encode_content(encode_content(text, first), second);
            const std::array codings = {first, ContentCoding::identity, second};
            for (const std::size_t cut : {std::size_t{5000}, coded.size()}) {
                ContentDecoder decoder(codings);
                EXPECT_EQ(decode_cut(coded, decoder, cut), text);
            }
            ContentDecoder cut_short(codings);
            EXPECT_THROW(decode_cut(encode_content(encode_content(text, first).substr(0, 1000), second), cut_short, 100),
                ContentError);
        }
    }
    const std::array three = {ContentCoding::gzip, ContentCoding::gzip, ContentCoding::gzip};
    EXPECT_THROW(ContentDecoder{three}, ContentError);
    EXPECT_NO_THROW(ContentDecoder(three, {.codings = 3}));
}

TEST(ContentCoding, what_is_between_two_codings_is_limited_too) {
    // Ten MiB of empty members: nothing comes out, but much is worked on.
    std::string members;
    while (members.size() < 10 * 1024 * 1024) members += gzip("");
    const auto coded = encode_content(members, ContentCoding::br);
    const std::array codings = {ContentCoding::gzip, ContentCoding::br};
    ContentDecoder decoder(codings, {.members = 10'000'000});
    try {
        decode_cut(coded, decoder, coded.size());
        FAIL() << "it was taken";
    } catch (const ContentError& error) {
        EXPECT_EQ(error.rule(), ContentRule::ratio_too_large);
        EXPECT_STREQ(error.what(),
            "content coding br: the content is too many times longer than its coded form (ratio_too_large)");
    }
}

/// What was written in pieces of `cut` bytes, by an encoder that is moved before each.
auto encode_moving(std::string_view text, ContentCoding coding, std::size_t cut) -> std::string {
    ContentEncoder encoder(coding);
    std::string coded;
    for (; !text.empty(); text.remove_prefix(std::min(cut, text.size()))) {
        ContentEncoder elsewhere = std::move(encoder);
        encoder = std::move(elsewhere);
        encoder.write(text.substr(0, cut), coded);
    }
    encoder.finish(coded);
    return coded;
}

TEST(ContentCoding, both_ends_may_be_moved_within_the_content) {
    const auto text = words(100'000);
    for (const auto coding : all_codings) {
        const auto coded = encode_moving(encode_moving(text, coding, 7'000), ContentCoding::gzip, 700);
        ContentDecoder decoder(std::array{coding, ContentCoding::gzip});
        std::string content;
        for (std::string_view rest = coded; !rest.empty();) {
            auto piece = rest.substr(0, 100);
            rest.remove_prefix(piece.size());
            while (true) {
                ContentDecoder elsewhere = std::move(decoder);
                decoder = std::move(elsewhere);
                const auto out = decoder.take(piece);
                if (out.empty()) break;
                content.append(out);
            }
        }
        decoder.finish();
        EXPECT_TRUE(content == text) << coding_name(coding);
    }
}

}  // namespace
}  // namespace gyre::http
