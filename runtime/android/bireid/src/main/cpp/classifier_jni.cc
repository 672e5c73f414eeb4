// The native methods of org.bireid.Classifier over engine/bireid_session.h.
//
// Classifier.java checks sizes and calls nothing after close(). As in bireid_jni.cc.
#include <jni.h>

#include <cstdint>
#include <cstring>

#include "engine/bireid_session.h"
#include "jni_support.h"

using bireid_jni::ByteArray;
using bireid_jni::ThrowLastError;
using bireid_jni::ToBytes;

namespace {

constexpr int32_t kColors = 3;

bireid_session* FromHandle(jlong handle) { return bireid_jni::FromHandle<bireid_session>(handle); }

// Whether it takes one RGB image and gives logits alone.
bool IsClassifier(const bireid_session* session) {
  bireid_tensor_info input{};
  input.size = sizeof(input);
  bireid_tensor_info output{};
  output.size = sizeof(output);
  return bireid_session_input_count(session) == 1 && bireid_session_output_count(session) == 1 &&
         bireid_session_output(session, 0, &output) == BIREID_OK &&
         std::strcmp(output.kind, "logits") == 0 &&
         bireid_session_input(session, 0, &input) == BIREID_OK &&
         std::strcmp(input.kind, "image") == 0 && input.shape[2] == kColors;
}

}  // namespace

extern "C" {

JNIEXPORT jlong JNICALL Java_org_bireid_Classifier_nativeOpen(JNIEnv* env, jclass,
                                                              jbyteArray directory, jint threads,
                                                              jbyteArray isa, jbyteArray stem,
                                                              jboolean skip_checksums,
                                                              jbyteArray camera) {
  return bireid_jni::Open(env, {env, directory, threads, isa, stem, skip_checksums, camera},
                          bireid_session_open);
}

JNIEXPORT jboolean JNICALL Java_org_bireid_Classifier_nativeIsClassifier(JNIEnv*, jclass,
                                                                         jlong handle) {
  return IsClassifier(FromHandle(handle)) ? JNI_TRUE : JNI_FALSE;
}

JNIEXPORT jint JNICALL Java_org_bireid_Classifier_nativeClassCount(JNIEnv*, jclass, jlong handle) {
  return bireid_session_class_count(FromHandle(handle), 0);
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Classifier_nativeClassName(JNIEnv* env, jclass,
                                                                        jlong handle, jint index) {
  return ToBytes(env, bireid_session_class_name(FromHandle(handle), 0, index));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Classifier_nativeTask(JNIEnv* env, jclass,
                                                                   jlong handle) {
  return ToBytes(env, bireid_session_task(FromHandle(handle)));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Classifier_nativeFingerprint(JNIEnv* env, jclass,
                                                                          jlong handle) {
  return ToBytes(env, bireid_session_fingerprint(FromHandle(handle)));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Classifier_nativeDescribe(JNIEnv* env, jclass,
                                                                       jlong handle) {
  return ToBytes(env, bireid_session_describe(FromHandle(handle)));
}

JNIEXPORT void JNICALL Java_org_bireid_Classifier_nativeClassify(JNIEnv* env, jclass, jlong handle,
                                                                 jbyteArray pixels, jint width,
                                                                 jint height, jfloatArray logits) {
  const ByteArray bytes(env, pixels);
  if (!bytes.ok()) return;
  jfloat* values = env->GetFloatArrayElements(logits, nullptr);
  if (values == nullptr) return;
  const bireid_image image{bytes.data(), width, height, 0};
  float* const outputs[] = {values};
  const bireid_status status = bireid_session_run_images(FromHandle(handle), &image, 1, outputs);
  env->ReleaseFloatArrayElements(logits, values, 0);
  if (status != BIREID_OK) ThrowLastError(env, status);
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Classifier_nativeSelfTest(JNIEnv* env, jclass,
                                                                       jlong handle,
                                                                       jdoubleArray measured) {
  return bireid_jni::SelfTest(env, handle, measured, bireid_session_selftest);
}

JNIEXPORT void JNICALL Java_org_bireid_Classifier_nativeClose(JNIEnv*, jclass, jlong handle) {
  bireid_session_close(FromHandle(handle));
}

}  // extern "C"
