-- CreateTable
CREATE TABLE "upload_files" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "app_id" UUID NOT NULL,
    "end_user_id" UUID NOT NULL,
    "origin" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "extension" TEXT NOT NULL,
    "mime_type" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "upload_files_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "upload_files_origin_created_at_idx" ON "upload_files"("origin", "created_at");

-- CreateIndex
CREATE INDEX "upload_files_app_id_idx" ON "upload_files"("app_id");
