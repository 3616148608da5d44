#include "userspace/run/command_hint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "userspace/base/temp_tree.h"
#include "userspace/base/values.h"

namespace brahe::run {
namespace {

TEST(CommandHintTest, NamesTheNearestProgramOfPath) {
  const TempTree tree;
  tree.Write("bin/compile", "");
  tree.Write("bin/comply", "");
  EXPECT_EQ(DescribeExecFailure("compiel", ENOENT, "/nonexistent::" + tree.At("bin")),
            "\"compiel\": not in PATH; did you mean compile?");
}

TEST(CommandHintTest, WithoutANearOneItTellsOfShells) {
  EXPECT_EQ(DescribeExecFailure("ll -a", ENOENT, ""),
            "\"ll -a\": not in PATH; a builtin, an alias or a pipeline of a shell needs sh -c '...'");
}

TEST(CommandHintTest, AFileThatIsThereMissesItsInterpreterOrItsBit) {
  const TempTree tree;
  tree.Write("script", "#!/nonexistent/interpreter\n");
  const std::string script = tree.At("script");
  EXPECT_EQ(DescribeExecFailure(script, EACCES, ""),
            Quoted(script) + ": Permission denied; a program needs its x bit (chmod +x)");
  EXPECT_EQ(DescribeExecFailure(script, ENOENT, ""),
            Quoted(script) + ": the interpreter that its first line names is not there");
  EXPECT_EQ(DescribeExecFailure(tree.At("other"), ENOENT, ""),
            Quoted(tree.At("other")) + ": No such file or directory");
}

}  // namespace
}  // namespace brahe::run
