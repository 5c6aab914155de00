(* The moments that T4 and T5 need, for Gaussian tokens and an abstract expectation.

   G_0, ..., G_{n-1} independent standard normals, w = e^{c + <b,G>} the weight of a
   token, f = <be, G - b> one coordinate of its deviation from the population value.
   With S = |b|^2:
     E w = e^{c + S/2},  E w^2 = e^{2c + 2S},  E w^{-1} = e^{-c + S/2},  E w f = 0,
     E (w f)^2 = e^{2c + 2S} (|be|^2 + <be,b>^2),  E f^2 = |be|^2 + <be,b>^2,
   so rho = kap = e^S and A2 = e^S (|be|^2 + <be,b>^2). *)
From Coq Require Import Reals Lra Lia PeanoNat.
From AttentionBounds Require Import finite_sums abstract_expectation independence gaussian_moments.
Local Open Scope R_scope.

Section GaussianWeights.
Context {Om : Type} (P : Expectation Om) (mu : Expectation R).
Variables (G : nat -> Om -> R) (n : nat).
Hypothesis PR : product_rule P mu G n.
Hypothesis normal : normal_moments mu.
Variables (c : R) (b be : nat -> R).

Definition token_weight o : R := exp (c + rsum n (fun j => b j * G j o)).
Definition token_deviation o : R := rsum n (fun j => be j * (G j o - b j)).
Definition score_variance : R := rsum n (fun j => b j ^2).
Definition deviation_square : R := rsum n (fun j => be j ^2) + rsum n (fun j => be j * b j) ^2.
Let S := score_variance.

Lemma mean_of X Y k v : (forall o, k * X o = Y o) -> Int P X /\ Ex P X = v ->
  Int P Y /\ Ex P Y = k * v.
Proof.
  intros H [I E]. assert (J := Int_scal P k _ I). split; [eapply Int_ext; [exact H|exact J]|].
  rewrite <- (Ex_ext P _ _ H J), Ex_scal, E by auto. reflexivity.
Qed.

(* e^{k <b,G>} as a tilt *)
Lemma tilt_scale k o : tilt G n (fun j => k * b j) o = exp (k * rsum n (fun j => b j * G j o)).
Proof. unfold tilt. f_equal. rewrite <- rsum_scal. apply rsum_ext; intros; ring. Qed.

Lemma tilt_mass_scale k : tilt_mass n (fun j => k * b j) = exp (k^2 * S / 2).
Proof.
  unfold tilt_mass, S, score_variance. do 2 f_equal. rewrite <- rsum_scal.
  apply rsum_ext; intros; ring.
Qed.

Lemma weight_mean : Int P token_weight /\ Ex P token_weight = exp (c + S / 2).
Proof.
  replace (exp (c + S / 2)) with (exp c * tilt_mass n (fun j => 1 * b j)).
  - apply (mean_of (tilt G n (fun j => 1 * b j))); [|now apply (tilted_one_mean P mu)].
    intros o. rewrite tilt_scale, Rmult_1_l. unfold token_weight. now rewrite exp_plus.
  - rewrite tilt_mass_scale, exp_plus. do 2 f_equal. field.
Qed.

Lemma weight_square_mean : Int P (fun o => token_weight o ^2) /\
  Ex P (fun o => token_weight o ^2) = exp (2 * c + 2 * S).
Proof.
  replace (exp (2 * c + 2 * S)) with (exp (2 * c) * tilt_mass n (fun j => 2 * b j)).
  - apply (mean_of (tilt G n (fun j => 2 * b j))); [|now apply (tilted_one_mean P mu)].
    intros o. rewrite tilt_scale. unfold token_weight. simpl. rewrite Rmult_1_r, <- !exp_plus.
    f_equal. ring.
  - rewrite tilt_mass_scale, exp_plus. do 2 f_equal. field.
Qed.

Lemma weight_inverse_mean : Int P (fun o => / token_weight o) /\
  Ex P (fun o => / token_weight o) = exp (- c + S / 2).
Proof.
  replace (exp (- c + S / 2)) with (exp (- c) * tilt_mass n (fun j => -1 * b j)).
  - apply (mean_of (tilt G n (fun j => -1 * b j))); [|now apply (tilted_one_mean P mu)].
    intros o. rewrite tilt_scale. unfold token_weight. rewrite <- exp_Ropp, <- exp_plus.
    f_equal. ring.
  - rewrite tilt_mass_scale, exp_plus. do 2 f_equal. field.
Qed.

Lemma weight_deviation_mean : Int P (fun o => token_weight o * token_deviation o) /\
  Ex P (fun o => token_weight o * token_deviation o) = 0.
Proof.
  replace 0 with (exp c * 0) by ring.
  apply (mean_of (fun o => tilt G n b o * linear_form G n b be o));
    [|now apply (tilted_form_mean P mu)].
  intros o. unfold token_weight, token_deviation, tilt, linear_form. rewrite exp_plus. ring.
Qed.

(* <be, G - b> = <be, G - k b> + (k-1) <be, b> *)
Lemma deviation_shift k o : token_deviation o =
  linear_form G n (fun j => k * b j) be o + (k - 1) * rsum n (fun j => be j * b j).
Proof.
  unfold token_deviation, linear_form. rewrite <- rsum_scal, <- rsum_plus.
  apply rsum_ext; intros; ring.
Qed.

Lemma weight_deviation_square_mean : Int P (fun o => (token_weight o * token_deviation o)^2) /\
  Ex P (fun o => (token_weight o * token_deviation o)^2) = exp (2 * c + 2 * S) * deviation_square.
Proof.
  replace (exp (2 * c + 2 * S) * deviation_square) with
    (exp (2 * c) * (tilt_mass n (fun j => 2 * b j) *
      (rsum n (fun j => be j ^2) + ((2 - 1) * rsum n (fun j => be j * b j))^2))).
  - apply (mean_of (fun o => tilt G n (fun j => 2 * b j) o *
      (linear_form G n (fun j => 2 * b j) be o + (2 - 1) * rsum n (fun j => be j * b j))^2));
      [|now apply (tilted_square_mean P mu)].
    intros o. rewrite <- deviation_shift, tilt_scale, <- Rmult_assoc, <- exp_plus, Rpow_mult_distr.
    f_equal. unfold token_weight. simpl. rewrite Rmult_1_r, <- exp_plus. f_equal. ring.
  - rewrite tilt_mass_scale, <- Rmult_assoc, <- exp_plus. unfold deviation_square. f_equal.
    + f_equal. field.
    + ring.
Qed.

Lemma deviation_square_mean : Int P (fun o => token_deviation o ^2) /\
  Ex P (fun o => token_deviation o ^2) = deviation_square.
Proof.
  replace deviation_square with (1 * (tilt_mass n (fun j => 0 * b j) *
      (rsum n (fun j => be j ^2) + ((0 - 1) * rsum n (fun j => be j * b j))^2))).
  - apply (mean_of (fun o => tilt G n (fun j => 0 * b j) o *
      (linear_form G n (fun j => 0 * b j) be o + (0 - 1) * rsum n (fun j => be j * b j))^2));
      [|now apply (tilted_square_mean P mu)].
    intros o. rewrite <- deviation_shift, tilt_scale, Rmult_0_l, exp_0. ring.
  - rewrite tilt_mass_scale. replace (0 ^ 2 * S / 2) with 0 by field. rewrite exp_0.
    unfold deviation_square. ring.
Qed.
End GaussianWeights.
