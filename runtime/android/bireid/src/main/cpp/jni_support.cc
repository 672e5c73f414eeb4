#include "jni_support.h"

#include <cstring>

namespace bireid_jni {

jbyteArray ToBytes(JNIEnv* env, const char* text) {
  const auto length = static_cast<jsize>(std::strlen(text));
  jbyteArray bytes = env->NewByteArray(length);
  if (bytes != nullptr) {
    env->SetByteArrayRegion(bytes, 0, length, reinterpret_cast<const jbyte*>(text));
  }
  return bytes;
}

void ThrowLastError(JNIEnv* env, bireid_status status) {
  jclass type = env->FindClass("org/bireid/BireidException");
  if (type == nullptr) return;
  jmethodID constructor = env->GetMethodID(type, "<init>", "(I[B)V");
  if (constructor == nullptr) return;
  jbyteArray message = ToBytes(env, bireid_last_error());
  if (message == nullptr) return;
  jobject exception = env->NewObject(type, constructor, static_cast<jint>(status), message);
  if (exception != nullptr) env->Throw(static_cast<jthrowable>(exception));
}

}  // namespace bireid_jni
