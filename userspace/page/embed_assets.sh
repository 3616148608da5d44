#!/usr/bin/env bash
# Writes the C++ source of embedded_assets.h's table: embed_assets.sh OUT FILE...
# Each file is compressed as gzip does it at its best, without a name or a time, so that the same files make the same
# bytes.
set -euo pipefail
out=$1
shift
{
  echo '#include "userspace/page/embedded_assets.h"'
  echo 'namespace brahe::page {'
  echo 'namespace {'
  number=0
  for file; do
    echo "constexpr unsigned char kContent$number[] = {"
    gzip -9nc "$file" | od -An -v -tu1 | sed 's/ *\([0-9][0-9]*\)/\1,/g'
    echo '};'
    number=$((number + 1))
  done
  echo '}  // namespace'
  echo 'const EmbeddedAsset kEmbeddedAssets[] = {'
  number=0
  for file; do
    sum=$(sha256sum "$file")
    echo "    {\"${file##*/}\", \"${sum:0:32}\", kContent$number, sizeof kContent$number},"
    number=$((number + 1))
  done
  echo '};'
  echo "const size_t kEmbeddedAssetCount = $number;"
  echo '}  // namespace brahe::page'
} >"$out"
