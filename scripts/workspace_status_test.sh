#!/usr/bin/env bash
# workspace_status_test WORKSPACE_STATUS REVISION_HEADER: what the binary says of itself, from wherever it is built.
set -uo pipefail

status_script=$PWD/$1
header_script=$PWD/$2
export HOME="$TEST_TMPDIR" GIT_CONFIG_NOSYSTEM=1
failures=0

# NAME REVISION-PATTERN BRANCH [PATH]: what the header holds, made as Bazel makes it in the current folder.
expect() {
  local status=$TEST_TMPDIR/status header=$TEST_TMPDIR/header
  if ! PATH=${4:-$PATH} "$status_script" >"$status"; then
    echo "FAILED: $1: workspace_status exits with a fault"
    failures=$((failures + 1))
  fi
  "$header_script" "$status" >"$header"
  if ! grep -qxE "inline constexpr char kRevision\[\] = \"$2\";" "$header" ||
    ! grep -qxF "inline constexpr char kBranch[] = \"$3\";" "$header"; then
    echo "FAILED: $1: wanted revision $2 and branch $3, have:"
    cat "$header"
    failures=$((failures + 1))
  fi
}

commit='[0-9a-f]{12}'
git init -q -b main "$TEST_TMPDIR/checkout"
cd "$TEST_TMPDIR/checkout" || exit 1
expect "a checkout without a commit" "" ""
git config user.name Nobody
git config user.email nobody@example.org
echo one >file
git add file
git commit -q -m one
expect "a branch" "$commit" main
BRAHE_RELEASE=1 expect "a release, whatever the branch" "$commit" ""
echo two >file
expect "a changed file" "$commit-modified" main
git checkout -q file
git checkout -q -b 'odd"name'
expect "a branch with a quote in its name" "$commit" 'odd\"name'
git checkout -q --detach
expect "a detached HEAD" "$commit" ""
git tag v1
git worktree add -q "$TEST_TMPDIR/worktree" -b other
mkdir tarball
cd tarball || exit 1
expect "a tarball that was unpacked inside another checkout" "" ""
cd "$TEST_TMPDIR/worktree" || exit 1
expect "a worktree" "$commit" other

mkdir "$TEST_TMPDIR/nowhere" "$TEST_TMPDIR/bin"
cd "$TEST_TMPDIR/nowhere" || exit 1
expect "a tarball" "" ""
for program in bash dirname; do ln -s "$(command -v $program)" "$TEST_TMPDIR/bin"; done
cd "$TEST_TMPDIR/checkout" || exit 1
expect "a machine without git" "" "" "$TEST_TMPDIR/bin"

# As Bazel leaves it: sorted, and lines without a value dropped or trimmed.
printf 'STABLE_BRAHE_BRANCH\nSTABLE_OTHER STABLE_BRAHE_REVISION\n' >"$TEST_TMPDIR/bare"
if [ "$("$header_script" "$TEST_TMPDIR/bare" | grep -c '= "";')" != 2 ]; then
  echo "FAILED: keys without values"
  failures=$((failures + 1))
fi
exit "$((failures > 0))"
