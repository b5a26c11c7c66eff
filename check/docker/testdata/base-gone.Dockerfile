FROM gcr.io/distroless/nodejs:20 # want `use gcr.io/distroless/nodejs24-debian13`
FROM openjdk:17-jdk # want `use eclipse-temurin`
FROM centos:7 # want `no longer published`
FROM eclipse-temurin:21
FROM gcr.io/distroless/nodejs24-debian13
FROM example.com/openjdk:17
