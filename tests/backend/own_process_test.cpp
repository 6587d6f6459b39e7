#include <gyre/backend/own_process.hpp>

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace gyre::backend {
namespace {

namespace fs = std::filesystem;

class OwnProcess : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "gyre-own-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        root = pattern;
    }
    void TearDown() override { fs::remove_all(root); }

    static auto mode_of(const fs::path& path) -> unsigned {
        struct stat found{};
        return ::lstat(path.c_str(), &found) == 0 ? found.st_mode & 0777U : 0U;
    }
    static auto refusal(const fs::path& path) -> std::string {
        try {
            make_private_folder(path);
        } catch (const std::system_error& error) {
            return error.what();
        }
        return "none";
    }

    fs::path root;
};

TEST_F(OwnProcess, a_private_folder_is_closed_to_all_others) {
    make_private_folder(root / "new");
    EXPECT_EQ(mode_of(root / "new"), 0700U);
    ASSERT_EQ(::chmod((root / "new").c_str(), 0777), 0);
    make_private_folder(root / "new");
    EXPECT_EQ(mode_of(root / "new"), 0700U) << "one that was there and open";
    EXPECT_TRUE(is_own_folder(root / "new"));
}

// Who may write to the folder above could put there what leads elsewhere.
TEST_F(OwnProcess, neither_a_link_nor_a_file_is_taken_for_a_folder) {
    fs::create_directory(root / "theirs");
    ASSERT_EQ(::chmod((root / "theirs").c_str(), 0755), 0);
    fs::create_directory_symlink(root / "theirs", root / "link");
    EXPECT_NE(refusal(root / "link").find("this has to be a folder of yours"), std::string::npos);
    EXPECT_EQ(mode_of(root / "theirs"), 0755U) << "nothing behind the link is changed";
    std::ofstream(root / "file") << "x";
    EXPECT_NE(refusal(root / "file").find("this has to be a folder of yours"), std::string::npos);
    EXPECT_FALSE(is_own_folder(root / "file"));
    EXPECT_FALSE(is_own_folder(root / "nothing"));
    EXPECT_NE(refusal(root / "nothing" / "below").find("mkdir " + root.string()), std::string::npos);
}

TEST_F(OwnProcess, a_folder_of_somebody_else_is_refused) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
    fs::create_directory(root / "theirs");
    ASSERT_EQ(::chown((root / "theirs").c_str(), 65534, 65534), 0);
    EXPECT_NE(refusal(root / "theirs").find("belongs to user 65534"), std::string::npos);
    EXPECT_FALSE(is_own_folder(root / "theirs"));
}

TEST_F(OwnProcess, a_private_file_is_for_its_user_alone) {
    std::ofstream(root / "file") << "x";
    ASSERT_EQ(::chmod((root / "file").c_str(), 0644), 0);
    make_private_file(root / "file");
    EXPECT_EQ(mode_of(root / "file"), 0600U);
    EXPECT_THROW(make_private_file(root / "nothing"), std::system_error);
}

TEST_F(OwnProcess, it_knows_its_number_its_user_and_its_environment) {
    EXPECT_EQ(process_number(), ::getpid());
    EXPECT_EQ(user_number(), ::geteuid());
    EXPECT_TRUE(std::string("backend_test").starts_with(program_name().substr(0, 7))) << program_name();
    EXPECT_EQ(environment_value("GYRE_NO_SUCH_VARIABLE"), "");
    ASSERT_EQ(::setenv("GYRE_OWN_PROCESS_TEST", "a value", 1), 0);
    EXPECT_EQ(environment_value("GYRE_OWN_PROCESS_TEST"), "a value");
    ::unsetenv("GYRE_OWN_PROCESS_TEST");
}

}  // namespace
}  // namespace gyre::backend
