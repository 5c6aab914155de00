(* Powers of the weight of a Gaussian token, for an abstract expectation: with the score
   <b, G>, w = e^{c + <b,G>}, the deviation <be, G - b> and S = |b|^2, for every real k

     weight_power_mean       E e^{k (c + <b,G>)} = e^{kc + k^2 S/2}
     weight_power_deviation  E[e^{k (c + <b,G>)} <be, G - b>^2]
                               = e^{kc + k^2 S/2} (|be|^2 + (k-1)^2 <be,b>^2) *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence.
From AttentionBounds.gaussian Require Import gaussian_moments.
Local Open Scope R_scope.

Section TiltedPower.
Context {Om : Type} (P : Expectation Om) (mu : Expectation R).
Variables (G : nat -> Om -> R) (n : nat).
Hypothesis PR : product_rule P mu G n.
Hypothesis normal : normal_moments mu.
Variables (c : R) (b be : nat -> R) (k : R).
Let S := score_variance n b.

Let power_tilt o : exp (k * c) * tilt G n (fun j => k * b j) o = exp (k * (c + rsum n (fun j => b j * G j o))).
Proof. rewrite tilt_scale, <- exp_plus. f_equal. ring. Qed.

Let power_mass : exp (k * c) * tilt_mass n (fun j => k * b j) = exp (k * c + k ^ 2 * S / 2).
Proof. now rewrite tilt_mass_scale, exp_plus. Qed.

Lemma weight_power_mean : Int P (fun o => exp (k * (c + rsum n (fun j => b j * G j o)))) /\
  Ex P (fun o => exp (k * (c + rsum n (fun j => b j * G j o)))) = exp (k * c + k ^ 2 * S / 2).
Proof.
  rewrite <- power_mass. apply (mean_of P (tilt G n (fun j => k * b j))); [exact power_tilt|].
  now apply (tilted_one_mean P mu).
Qed.

Lemma weight_power_deviation :
  Int P (fun o => exp (k * (c + rsum n (fun j => b j * G j o))) * token_deviation G n b be o ^ 2) /\
  Ex P (fun o => exp (k * (c + rsum n (fun j => b j * G j o))) * token_deviation G n b be o ^ 2)
    = exp (k * c + k ^ 2 * S / 2) * (rsum n (fun j => be j ^ 2) + (k - 1) ^ 2 * rsum n (fun j => be j * b j) ^ 2).
Proof.
  replace (exp (k * c + k ^ 2 * S / 2) * (rsum n (fun j => be j ^ 2) + (k - 1) ^ 2 * rsum n (fun j => be j * b j) ^ 2))
    with (exp (k * c) * (tilt_mass n (fun j => k * b j) *
      (rsum n (fun j => be j ^2) + ((k - 1) * rsum n (fun j => be j * b j))^2))).
  - apply (mean_of P (fun o => tilt G n (fun j => k * b j) o *
      (linear_form G n (fun j => k * b j) be o + (k - 1) * rsum n (fun j => be j * b j))^2));
      [|now apply (tilted_square_mean P mu)].
    intros o. rewrite <- deviation_shift, <- power_tilt. ring.
  - rewrite <- Rmult_assoc, power_mass. f_equal. ring.
Qed.
End TiltedPower.
