// The AAR of the Kotlin library: the same source as the Maven module, and the native library for four ABIs.
//
// `./build-native.sh` first: it needs the Android NDK (ANDROID_NDK_HOME) and cargo-ndk, and lays what it builds into
// src/main/jniLibs and build/generated. Built by .github/workflows/release-kotlin.yml; CI of this repository has no
// Android SDK and does not build it.
plugins {
    id("com.android.library") version "8.13.0"
    id("org.jetbrains.kotlin.android") version "2.4.21"
    `maven-publish`
}

group = "dev.transferstatus"
version = "0.1.0"

android {
    namespace = "dev.transferstatus.android"
    compileSdk = 36

    defaultConfig {
        // java.time without desugaring.
        minSdk = 26
        consumerProguardFiles("../library/src/main/resources/META-INF/proguard/transfer-status.pro")
    }

    sourceSets["main"].kotlin.directories += setOf(
        "src/main/kotlin",
        "../library/src/main/kotlin",
        "build/generated/kotlin",
    )

    publishing {
        singleVariant("release") { withSourcesJar() }
    }
}

kotlin {
    jvmToolchain(17)
    explicitApi()
    compilerOptions.freeCompilerArgs.addAll(
        "-Xconsistent-data-class-copy-visibility",
        "-jvm-default=no-compatibility",
        "-Xno-call-assertions",
        "-Xno-receiver-assertions",
    )
}

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.11.0")
    // From 5.17 on its own native library is aligned to pages of 16 KB.
    implementation("net.java.dev.jna:jna:5.19.1@aar")
    implementation("androidx.lifecycle:lifecycle-process:2.9.4")
}

publishing {
    publications {
        register<MavenPublication>("release") {
            artifactId = "transfer-status-android"
            afterEvaluate { from(components["release"]) }
        }
    }
}
