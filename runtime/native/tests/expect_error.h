// What a call throws, and with which message.
#ifndef BIREID_TESTS_EXPECT_ERROR_H_
#define BIREID_TESTS_EXPECT_ERROR_H_

#include <gtest/gtest.h>

#include <exception>
#include <string>

namespace bireid {

// Expects an error of just this class whose message is one line with `part` in it.
template <typename Error, typename Call>
void ExpectError(const std::string& part, const Call& call) {
  try {
    call();
    ADD_FAILURE() << "nothing is thrown; expected: " << part;
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find(part), std::string::npos) << message << "\nexpected: " << part;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another class of error: " << error.what();
  }
}

}  // namespace bireid

#endif  // BIREID_TESTS_EXPECT_ERROR_H_
