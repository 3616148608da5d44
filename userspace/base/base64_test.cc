#include "userspace/base/base64.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

TEST(Base64Test, DecodesWhatIsBase64AndNothingElse) {
  EXPECT_EQ(DecodeBase64(""), "");
  EXPECT_EQ(DecodeBase64("QQ=="), "A");
  EXPECT_EQ(DecodeBase64("QUI="), "AB");
  EXPECT_EQ(DecodeBase64("QUJD\n REVG"), "ABCDEF");
  EXPECT_EQ(DecodeBase64("\tQ U\r\nI =\n"), "AB");
  EXPECT_EQ(DecodeBase64("/+8A"), std::string("\xff\xef\0", 3));
  for (const char* text : {"Q", "QQ", "QQ=", "Q===", "====", "QQ==QQ==", "QQ=Q", "Q?==", "Q-==", "QQ\xff="}) {
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
  }
  EXPECT_EQ(DecodeBase64(std::string_view("QQ==\0", 5)), std::nullopt);
}

TEST(Base64Test, EncodesBytesOnOneLine) {
  EXPECT_EQ(EncodeBase64(""), "");
  EXPECT_EQ(EncodeBase64("A"), "QQ==");
  EXPECT_EQ(EncodeBase64(std::string_view("\xff\xef\0", 3)), "/+8A");
  const std::string bytes(300, 'x');
  EXPECT_EQ(EncodeBase64(bytes).find('\n'), std::string::npos);
  EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes);
}

}  // namespace
}  // namespace brahe
